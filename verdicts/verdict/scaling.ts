/** Scaling efficiency: what a collective keeps of its bandwidth from one scope to the next. Shown, never judged. */
import { median } from 'simple-statistics';
import { parametersKey } from '../../plan/subject.ts';
import type { Case, Metric } from '../../suites/model.ts';
import type { Track } from '../criteria/track.ts';
import type { Finding } from '../model.ts';
import { stepOf } from '../requests/placement.ts';
import { show } from '../show.ts';

/** Parameters in which scopes differ by nature. */
const OF_SCOPE: ReadonlySet<string> = new Set(['scope', 'ranks', 'domain']);

/** What one criterion's findings say of a collective's bandwidth at its scope. */
export interface Scaling {
  readonly key: string;
  readonly metric: string;
  readonly scope: Case['scope'];
  /** Median over the criterion's own subjects. */
  readonly value: number;
}

/** undefined: no bandwidth, or nothing measured. */
export function scalingOf(track: Track, findings: readonly Finding[]): Scaling | undefined {
  const { criterion, sources } = track;
  const [source] = sources;
  if (source === undefined || !criterion.metric.endsWith('.busbw')) return undefined;
  const values = findings
    .filter(({ subject }) => subject.kind === criterion.per)
    .flatMap(({ estimate }) => estimate?.value ?? []);
  if (values.length === 0) return undefined;
  const alike = Object.entries(source.parameters).filter(([key]) => !OF_SCOPE.has(key));
  const key = `${criterion.metric} ${parametersKey(Object.fromEntries(alike))}`;
  return { key, metric: criterion.metric, scope: source.case.scope, value: median(values) };
}

/** A sentence for each bandwidth that criteria of two scopes or more measure. */
export function scalingNotes(all: readonly Scaling[], metrics: readonly Metric[]): string[] {
  const known = new Map<string, { metric: string; scopes: Scaling[] }>();
  for (const one of all) {
    const row = known.get(one.key) ?? { metric: one.metric, scopes: [] };
    known.set(one.key, row);
    row.scopes.push(one);
  }
  return [...known].flatMap(([key, { metric, scopes }]) => {
    const sorted = scopes.sort((a, b) => stepOf(a.scope) - stepOf(b.scope));
    if (sorted.length < 2) return [];
    const display = metrics.find((one) => one.id === metric);
    const steps = sorted.map(({ scope, value }, at) => {
      const below = sorted[at - 1];
      const share =
        below === undefined
          ? ''
          : ` (${((100 * value) / below.value).toFixed(1)} % of the ${below.scope}’s)`;
      return `${scope} ${show(value, display)}${share}`;
    });
    return [`scaling of ${key}: ${steps.join(', ')}`];
  });
}
