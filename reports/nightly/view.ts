/** What nightly.html and the viewer's trends show: every figure rounded here. */
import type { NightFile, OpenAlarm, Trend } from '../../campaign/nightly/model.ts';
import type { Metric } from '../../suites/model.ts';
import { trendChart } from '../charts/trend.ts';
import { displayOf } from '../figure.ts';
import { parametersText, plural } from '../words.ts';

/** Small multiples of a page, at most. */
const CHARTS = 24;

/** Rules of detection, as a reader knows them. */
const RULES: Readonly<Record<string, string>> = {
  step: 'a step',
  shift: 'nights that add up',
  drop: 'a drop in one night',
  acceptance: 'the accepted level',
};

/** An alarm as a row. */
export function alarmRow(alarm: OpenAlarm, opened: boolean) {
  return {
    id: alarm.id,
    mark: opened
      ? { text: 'new', glyph: '✕', kind: 'bad' }
      : { text: 'open', glyph: '●', kind: 'bad' },
    metric: alarm.metric,
    parameters: parametersText(alarm.parameters),
    scope: scopeText(alarm),
    since: alarm.since,
    lastGood: alarm.lastGood ?? '',
    loss: alarm.loss === undefined ? '–' : percent(alarm.loss),
    error: alarm.error === undefined ? '' : `± ${percent(alarm.error)}`,
    how: howOf(alarm),
    near: alarm.near.map(({ change, nights }) => `${change.what} (${offset(nights)})`).join('; '),
    past: alarm.past.map(({ serial, criterion }) => `${serial}: ${criterion}`).join('; '),
    reason: alarm.reason,
  };
}

/** What found it, and the fresh runs that proved it: their directories hold the evidence. */
function howOf({ kind, fresh, opened, rules, runs }: OpenAlarm): string {
  const proof =
    kind === 'finding'
      ? `failed again in a fresh run of ${opened}`
      : `${plural(fresh, 'fresh run')} of ${opened}, found by ${rules.map((rule) => RULES[rule] ?? rule).join(' and ')}`;
  return runs.length === 0 ? proof : `${proof}: ${runs.join(', ')}`;
}

/** `node serial:ABC`, `rack r001`, `the fleet`. */
export function scopeText({ scope }: Pick<OpenAlarm, 'scope'>): string {
  return 'id' in scope ? `${scope.kind} ${scope.id}` : 'the fleet';
}

/** Small multiples with what they say, in the order given. */
export function trendFigures(
  trends: readonly Trend[],
  metrics: readonly Metric[],
  declared: NightFile['declared'],
) {
  return trends
    .filter(({ nights }) => nights.length > 0)
    .slice(0, CHARTS)
    .map((trend, at) => {
      const display = displayOf(metrics, trend.metric);
      const shown = (value: number) => value * display.factor;
      const unit = display.unit === '' ? trend.unit : display.unit;
      const text = `${trend.title}: ${trend.metric}, ${parametersText(trend.parameters)}`;
      const found = trend.changes.map(
        ({ date, before, after }) => `${percent(after / before - 1)} from ${date}`,
      );
      const description = `${text}; ${trend.nights.length} nights; ${found.length === 0 ? 'no change point' : `changes: ${found.join(', ')}`}`;
      const svg = trendChart({
        id: `trend-${at}`,
        title: text,
        description,
        label: unit,
        points: trend.nights.map(({ date, value }) => ({ date, value: shown(value) })),
        changes: trend.changes.map(({ date, before, after }) => ({
          date,
          before: shown(before),
          after: shown(after),
        })),
        declared: declared.map(({ date, what }) => ({ date, what })),
        ...(trend.accepted !== undefined && { accepted: shown(trend.accepted) }),
      });
      return {
        title: trend.title,
        what: `${trend.metric}, ${parametersText(trend.parameters)}`,
        description: found.length === 0 ? 'no change point' : found.join(', '),
        svg: { toHTML: () => svg },
        rows: trend.nights.map(({ date, value }) => ({
          date,
          value: `${Number(shown(value).toPrecision(6))} ${unit}`,
        })),
      };
    });
}

/** A share as per cent, one decimal. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function offset(nights: number): string {
  if (nights === 0) return 'the same night';
  const count = `${Math.abs(nights)} ${Math.abs(nights) === 1 ? 'night' : 'nights'}`;
  return nights < 0 ? `${count} before` : `${count} after`;
}
