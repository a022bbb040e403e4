/** A floor of the catalogue: a limit that says what it was measured on. */
import type { Criterion, Parameters, Sourced, Subject } from '../model.ts';

/** A limit for one SKU: where it holds, and what it rests on. */
export interface Floor {
  /** Criterion.id of what it becomes. */
  readonly id: string;
  readonly metric: string;
  readonly where: Parameters;
  readonly per: Subject['kind'];
  /** exact: a check. events: a count over the run, of which none is allowed. */
  readonly decide: 'level' | 'exact' | 'events';
  /** Of a level: in the metric's unit, at least. */
  readonly limit?: Sourced<number>;
  /** false: shown only, because what it needs is often not to be read. */
  readonly mandatory?: boolean;
  /** Accelerators that the node must have for the figure to hold; absent: any. */
  readonly accelerators?: number | 'several';
  /** sanity: † of FACTS.md F, may reject, may not accept alone. */
  readonly standing: 'catalogue' | 'sanity';
  /** Nodes that one trial claims. */
  readonly scope: 'node' | 'pair' | 'rail' | 'domain' | 'lot';
  /** Node count, algorithm, NVLS and MNNVL state of the measurement behind it, where it matters. */
  readonly state?: string;
  /** Holds for this provider's machines only. */
  readonly provider?: string;
  /** Holds where the provider is none of these. */
  readonly notProvider?: readonly string[];
}

/** What each kind of floor without a figure rests on. */
const RULES = {
  exact: { value: 1, source: 'a wrong result or an unmet check never conforms (DESIGN.md 4)' },
  events: { value: 0, source: 'no such event is allowed over a run (STATISTICS.md 2.3, counts)' },
} as const;

/** The criterion that a floor becomes; its source says where it was measured. */
export function floorCriterion(floor: Floor, mandatory?: boolean): Criterion {
  const { limit, state, decide } = floor;
  const figure = decide === 'level' ? limit : RULES[decide];
  if (figure === undefined) throw new Error(`floor ${floor.id} is a level without a limit`);
  const source = state === undefined ? figure.source : `${figure.source} (${state})`;
  return {
    id: floor.id,
    metric: floor.metric,
    where: floor.where,
    per: floor.per,
    mandatory: (mandatory ?? true) && floor.mandatory !== false,
    decide,
    standing: floor.standing,
    bound: decide === 'events' ? 'at-most' : 'at-least',
    limit: { value: figure.value, source },
    fixed: 'before',
  };
}

/** A floor of a node's own case on the rules that need no figure. */
export function ruleFloor(
  id: string,
  metric: string,
  per: Floor['per'],
  decide: 'exact' | 'events',
  more: Partial<Pick<Floor, 'where' | 'mandatory' | 'accelerators'>> = {},
): Floor {
  return { id, metric, where: {}, per, decide, standing: 'catalogue', scope: 'node', ...more };
}
