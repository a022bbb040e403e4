/** Nightly values that are drawn: each panel's fleet median, and the worst series of the open alarms. */
import { canonical } from '../directory/canonical.ts';
import type { History } from '../history/store.ts';
import type { Changes, OpenAlarm, Trend } from './model.ts';
import { NIGHTS, type Panels } from './panels.ts';

/** Fleets' trends, and those of alarms, at most. */
const FLEETS = 12;
const WORST = 10;
/** Where a culprit's name stands in the history; else it is a subject. */
const COLUMNS: Readonly<Partial<Record<string, string>>> = {
  node: 'serial',
  rack: 'rack',
  leaf: 'leaf',
};

/** Trends of a delivery; those of open alarms first. */
export async function trendsOf<S>(
  history: History,
  delivery: string,
  open: readonly OpenAlarm[],
  panels: Panels<S>,
  { changes, margin }: { readonly changes: Changes<S>; readonly margin: number },
): Promise<readonly Trend[]> {
  const found = (nights: Trend['nights']) => changes.trend({ subject: '', nights }, margin);
  const worst = open
    .filter((alarm) => alarm.kind === 'change')
    .toSorted((a, b) => (b.loss ?? 0) - (a.loss ?? 0))
    .slice(0, WORST);
  const trends: Trend[] = [];
  for (const alarm of worst) {
    const { metric, parameters, unit, scope } = alarm;
    if (scope.kind === 'fleet') continue;
    const nights = await nightsOf(history, delivery, alarm);
    trends.push({
      title: scope.id,
      metric,
      parameters,
      unit,
      subject: scope.id,
      nights,
      changes: withSuspected(found(nights), nights, alarm.since),
    });
  }
  for (const { key, nights, accepted } of (await panels.fleets()).slice(0, FLEETS)) {
    const { metric, parameters, unit } = key;
    trends.push({
      title: 'median of the fleet',
      metric,
      parameters,
      unit,
      subject: 'fleet',
      nights,
      changes: found(nights),
      ...(accepted !== undefined && { accepted }),
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

/** Nights of a part, or of all that stands in a place. */
async function nightsOf(
  history: History,
  delivery: string,
  { metric, parameters, scope }: OpenAlarm,
): Promise<Trend['nights']> {
  if (scope.kind === 'fleet') return [];
  // Equality on one column: files are in the order of serials, and a query then reads few of their groups.
  const column = COLUMNS[scope.kind] ?? 'subject';
  const rows = await history.database.all(
    `SELECT night, median(value) AS value FROM points
     WHERE run IN (SELECT run FROM runs WHERE delivery = $delivery) AND purpose = 'nightly'
       AND metric = $metric AND parameters = $parameters AND ${column} = $id
     GROUP BY night ORDER BY night DESC LIMIT ${NIGHTS}`,
    { delivery, metric, parameters: canonical(parameters), id: scope.id },
  );
  return rows.map(({ night, value }) => ({ date: String(night), value: Number(value) })).reverse();
}
