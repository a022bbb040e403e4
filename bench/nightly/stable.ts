/** Stable fleets: every alarm that is told is false. */
import { runNights } from './fleet.ts';
import type { Kind } from './noise.ts';

/** One fleet over all its metrics. */
export interface StableFleet {
  readonly raised: number;
  readonly told: number;
  /** Told, by scope and rules: "node shift". */
  readonly by: Readonly<Record<string, number>>;
  readonly freshRuns: number;
  /** The fleet's level (ln) by metric, a value a night. */
  readonly levels: readonly (readonly number[])[];
}

/** @param fleet its number: the seed */
export function stableFleet(
  kind: Kind,
  fleet: number,
  { nodes, metrics, nights }: { nodes: number; metrics: number; nights: number },
): StableFleet {
  const by: Record<string, number> = {};
  let raised = 0;
  let told = 0;
  let freshRuns = 0;
  const levels: (readonly number[])[] = [];
  for (let metric = 0; metric < metrics; metric += 1) {
    const outcome = runNights(kind, nodes, nights, ['stable', fleet, metric]);
    raised += outcome.raised.length;
    told += outcome.told.length;
    freshRuns += outcome.freshRuns;
    levels.push(outcome.level);
    for (const { scope, rules } of outcome.told) {
      const key = `${scope.kind} ${rules.join('+')}`;
      by[key] = (by[key] ?? 0) + 1;
    }
  }
  return { raised, told, by, freshRuns, levels };
}
