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

interface Scope {
  readonly scope: Case['scope'];
  readonly value: number;
}

/** A sentence for each bandwidth that criteria of two scopes or more measure. */
export function scalingNotes(
  judged: readonly { readonly track: Track; readonly findings: readonly Finding[] }[],
  metrics: readonly Metric[],
): string[] {
  const known = new Map<string, { metric: string; scopes: Scope[] }>();
  for (const { track, findings } of judged) {
    const { criterion, sources } = track;
    const [source] = sources;
    if (source === undefined || !criterion.metric.endsWith('.busbw')) continue;
    const values = findings
      .filter(({ subject }) => subject.kind === criterion.per)
      .flatMap(({ estimate }) => estimate?.value ?? []);
    if (values.length === 0) continue;
    const alike = Object.entries(source.parameters).filter(([key]) => !OF_SCOPE.has(key));
    const key = `${criterion.metric} ${parametersKey(Object.fromEntries(alike))}`;
    const row = known.get(key) ?? { metric: criterion.metric, scopes: [] };
    known.set(key, row);
    row.scopes.push({ scope: source.case.scope, value: median(values) });
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
