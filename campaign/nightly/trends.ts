/** Nightly values that are drawn: each panel's fleet median, and the worst series of the open alarms. */
import type { Parameters } from '../../plan/model.ts';
import { canonical } from '../directory/canonical.ts';
import { keyOf, panelKeys, valuesOf } from '../history/panel-rows.ts';
import type { History } from '../history/store.ts';
import type { Changes, OpenAlarm, Trend } from './model.ts';

/** Fleets' trends, and those of alarms, at most. */
const FLEETS = 12;
const WORST = 10;
/** Nights that a chart shows. */
const NIGHTS = 180;

/** Trends of a delivery; those of open alarms first. */
export async function trendsOf<S>(
  history: History,
  delivery: string,
  open: readonly OpenAlarm[],
  { changes, margin }: { readonly changes: Changes<S>; readonly margin: number },
): Promise<readonly Trend[]> {
  const found = (nights: Trend['nights']) => changes.trend({ subject: '', nights }, margin);
  const keys = await panelKeys(history, delivery);
  const accepted = await valuesOf(history, delivery, { accepted: true });
  const worst = open
    .filter((alarm) => alarm.kind === 'change')
    .toSorted((a, b) => (b.loss ?? 0) - (a.loss ?? 0))
    .slice(0, WORST);
  const trends: Trend[] = [];
  for (const { metric, parameters, unit, scope, since } of worst) {
    if (scope.kind === 'fleet') continue;
    const nights = await nightsOf(history, delivery, { metric, parameters, like: scope.id });
    trends.push({
      title: scope.id,
      metric,
      parameters,
      unit,
      subject: scope.id,
      nights,
      changes: withSuspected(found(nights), nights, since),
    });
  }
  for (const key of keys.slice(0, FLEETS)) {
    const { metric, parameters, unit, kind } = key;
    const nights = await nightsOf(history, delivery, { metric, parameters, kind });
    if (nights.length === 0) continue;
    const level = medianOf(accepted.get(keyOf(key))?.map(({ value }) => value) ?? []);
    trends.push({
      title: 'median of the fleet',
      metric,
      parameters,
      unit,
      subject: 'fleet',
      nights,
      changes: found(nights),
      ...(level !== undefined && { accepted: level }),
    });
  }
  return trends;
}

/** The change points of a series, and the one that its alarm suspects, which fresh runs confirmed. */
function withSuspected(
  changes: Trend['changes'],
  nights: Trend['nights'],
  since: string,
): Trend['changes'] {
  if (changes.some(({ date }) => date === since)) return changes;
  const mean = (of: Trend['nights']) =>
    of.reduce((sum, { value }) => sum + value, 0) / Math.max(1, of.length);
  const before = nights.filter(({ date }) => date < since);
  const after = nights.filter(({ date }) => date >= since);
  if (before.length === 0 || after.length === 0) return changes;
  const suspected = { date: since, before: mean(before), after: mean(after) };
  return [...changes, suspected].toSorted((a, b) => (a.date < b.date ? -1 : 1));
}

async function nightsOf(
  history: History,
  delivery: string,
  of: {
    readonly metric: string;
    readonly parameters: Parameters;
    readonly kind?: string;
    readonly like?: string;
  },
): Promise<Trend['nights']> {
  const rows = await history.database.all(
    `SELECT night, median(value) AS value FROM points
     WHERE run IN (SELECT run FROM runs WHERE delivery = $delivery) AND purpose = 'nightly'
       AND metric = $metric AND parameters = $parameters
       AND ($kind IS NULL OR subject_kind = $kind)
       AND ($like IS NULL OR subject = $like OR serial = $like OR rack = $like OR leaf = $like)
     GROUP BY night ORDER BY night DESC LIMIT ${NIGHTS}`,
    {
      delivery,
      metric: of.metric,
      parameters: canonical(of.parameters),
      kind: of.kind,
      like: of.like,
    },
  );
  return rows.map(({ night, value }) => ({ date: String(night), value: Number(value) })).reverse();
}

function medianOf(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
