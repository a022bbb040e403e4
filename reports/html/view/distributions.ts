/** Distributions: a strip plot a criterion with its bound, and what was measured without one. */
import { strip } from '../../charts/strip.ts';
import { displayOf, NONE, showCount, showValue, showLimit, type Display } from '../../figure.ts';
import type { Growing } from '../../growing.ts';
import { appliesTo } from '../../survey/samples.ts';
import { againstOf } from '../../survey/survey.ts';
import type { Spread } from '../../survey/model.ts';
import { brief, legible, type Markup } from '../../legible.ts';
import { boundText, parametersText, plural } from '../../words.ts';
import type { Context } from '../context.ts';

/** Figures of unjudged values listed in the report; the files hold all. */
const UNJUDGED = 60;

/** Below so many subjects the single trials are drawn: one dot would say nothing. */
const FEW = 8;

/** Charts in plan order; criteria without a number have none. */
export function distributionsView(context: Context) {
  const { survey } = context;
  const spreads = [...survey.spreads.values()].filter(({ values }) => values.length > 0);
  const unjudged = survey.unjudged.slice(0, UNJUDGED);
  return {
    charts: spreads.map((spread, index) => chart(context, spread, index + 1)),
    unjudged: unjudged.map(({ metric, parameters, values }) => ({
      metric,
      parameters: parametersText(parameters),
      ...summary(values, displayOf(context.run.fleet.metrics, metric)),
    })),
    more: survey.unjudged.length > UNJUDGED || survey.unjudgedLeftOut > 0,
  };
}

function chart(context: Context, spread: Spread, number: number) {
  const { criterion, values, marked } = spread;
  const display = context.display(criterion);
  const label = [criterion.metric, parametersText(criterion.where)].join(', ');
  const short = marked.filter(({ finding }) => finding.verdict === 'fail').length;
  const open = marked.length - short;
  const bound = boundText(criterion, display);
  const clause = criterion.clause === undefined ? '' : ` · ${criterion.clause}`;
  const against = againstOf(criterion);
  const sorted = values.sorted();
  const trials = values.length < FEW ? trialsOf(context, criterion) : [];
  const parts = [`${showCount(values.length - marked.length)} conform to ${bound}`];
  if (short > 0) parts.push(`${showCount(short)} ${short === 1 ? 'does' : 'do'} not`);
  if (open > 0) parts.push(`${showCount(open)} undecided`);
  const drawn = trials.length > 0 ? `; ${plural(trials.length, 'single trial')} drawn` : '';
  const finding =
    `${plural(values.length, criterion.per)}: ${parts.join(', ')}${drawn}. ` +
    `Median ${figure(at(sorted, 0.5), display)}, worst ${showValue(worstOf(sorted, against.bound), display, against)} ${display.unit}.`;
  const title = `${criterion.id}: ${label}`;
  return {
    id: `chart-${number}`,
    number,
    title,
    criterion: criterion.id,
    criterionAnchor: context.anchor('criterion', criterion.id),
    finding,
    svg: markup(
      strip({
        id: `chart-${number}`,
        title: legible(title),
        description: legible(finding),
        values:
          trials.length > 0
            ? Float64Array.from(trials, (value) => value * display.factor).sort()
            : passed(sorted, marked, display.factor),
        marked: marked
          .toSorted((a, b) =>
            against.bound === 'at-least' ? a.value - b.value : b.value - a.value,
          )
          .map(({ value, finding: one }) => ({
            value: value * display.factor,
            name: brief(context.subject(one.subject), IN_DRAWING),
            fail: one.verdict === 'fail',
          })),
        label: legible(display.unit === '' ? criterion.metric : display.unit),
        counted: `${criterion.per}s`,
        limit: {
          value: criterion.limit.value * display.factor,
          label: brief(`limit ${bound}${clause}`, IN_DRAWING),
        },
        ...(criterion.nominal && {
          nominal: {
            value: criterion.nominal.value * display.factor,
            label: brief(`nominal ${showLimit(criterion.nominal.value, display)}`, IN_DRAWING),
          },
        }),
      }),
    ),
    ...summary(values, display),
    limit: bound,
    short: showCount(short),
    open: showCount(open),
  };
}

/** Text inside a drawing has no line break: at most so many characters. */
const IN_DRAWING = 44;

function markup(svg: string): Markup {
  return { toHTML: () => svg };
}

function trialsOf({ survey }: Context, criterion: Spread['criterion']): readonly number[] {
  return survey.samples.filter((sample) => appliesTo(criterion, sample)).map(({ value }) => value);
}

/** The sorted values without the marked ones, in the shown unit. */
function passed(sorted: Float64Array, marked: Spread['marked'], factor: number): Float64Array {
  const left = new Map<number, number>();
  for (const { value } of marked) left.set(value, (left.get(value) ?? 0) + 1);
  return sorted
    .filter((value) => {
      const count = left.get(value) ?? 0;
      if (count > 0) left.set(value, count - 1);
      return count === 0;
    })
    .map((value) => value * factor);
}

function worstOf(sorted: Float64Array, bound: 'at-least' | 'at-most'): number {
  return (bound === 'at-least' ? sorted[0] : sorted[sorted.length - 1]) ?? NaN;
}

/** Quantile of sorted values, nearest rank: always a value that was measured. */
function at(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

function figure(value: number, display: Display): string {
  return Number.isNaN(value) ? NONE : `${showValue(value, display)} ${display.unit}`;
}

function summary(values: Growing, display: Display) {
  const sorted = values.sorted();
  return {
    n: showCount(values.length),
    unit: display.unit,
    quantiles: [0, 0.05, 0.5, 0.95, 1].map((share) => showValue(at(sorted, share), display)),
  };
}
