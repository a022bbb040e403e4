/** A floor of the catalogue: a limit that says what it was measured on. */
import type { Criterion, Parameters, Sourced, Subject } from '../model.ts';

/** A limit for one SKU: where it holds, and what it rests on. */
export interface Floor {
  /** Criterion.id of what it becomes. */
  readonly id: string;
  readonly metric: string;
  readonly where: Parameters;
  readonly per: Subject['kind'];
  /** Absent: a check, any deviation fails. In the metric's unit, at least. */
  readonly limit?: Sourced<number>;
  /** What stands for an exact floor's source. */
  readonly source?: string;
  /** sanity: † of FACTS.md F, may reject, may not accept alone. */
  readonly standing: 'catalogue' | 'sanity';
  /** Nodes that one trial claims. */
  readonly scope: 'node' | 'pair' | 'domain' | 'lot';
  /** Node count, algorithm, NVLS and MNNVL state of the measurement behind it, where it matters. */
  readonly state?: string;
  /** Holds for this provider's machines only. */
  readonly provider?: string;
  /** Holds where the provider is none of these. */
  readonly notProvider?: readonly string[];
}

/** The criterion that a floor becomes; its source says where it was measured. */
export function floorCriterion(floor: Floor, mandatory = true): Criterion {
  const { limit, state } = floor;
  const rests = limit?.source ?? floor.source ?? 'catalogue: a wrong result is never conforming';
  const source = state === undefined ? rests : `${rests} (${state})`;
  return {
    id: floor.id,
    metric: floor.metric,
    where: floor.where,
    per: floor.per,
    mandatory,
    decide: limit === undefined ? 'exact' : 'level',
    standing: floor.standing,
    bound: 'at-least',
    limit: { value: limit?.value ?? 1, source },
    fixed: 'before',
  };
}
