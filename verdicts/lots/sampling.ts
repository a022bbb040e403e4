/** Sequential sampling of a lot: units are drawn in batches until the ratio test decides (STATISTICS 3.3). */
import type { Decision } from '../../plan/model.ts';
import { shuffle, stream } from '../../plan/random.ts';
import type { Node } from '../../runners/model.ts';
import type { Word } from '../model.ts';
import { lotLogRatio } from '../statistics/sprt.ts';
import { defectsAt, findSamplingPlan } from '../statistics/sampling-plan.ts';

/** Producer's and consumer's risk of a sampled lot. */
export const SAMPLING_RISK = 0.05;
/** Units soak side by side: so many are drawn at a time. */
const BATCH = 50;

/** What the units drawn so far come to. */
export interface Drawn {
  readonly n: number;
  /** Nonconforming, and those in doubt or untested. */
  readonly failed: number;
  readonly open: number;
}

/** A lot under sampling. */
export interface Sampler {
  /** Nodes drawn so far. */
  has(node: string): boolean;
  /**
   * Draws the next batch when the units drawn are settled and decide nothing yet.
   *
   * @param wordOf word of a node; undefined: open
   * @returns whether any unit was drawn
   */
  draw(wordOf: (node: string) => Word | undefined): boolean;
  /** Units of the lot, and those drawn. */
  readonly lot: number;
  readonly drawn: readonly (readonly string[])[];
}

/**
 * The word of the hypergeometric SPRT: a unit in doubt counts as good for a reject and as bad for an accept.
 *
 * @param lot units
 */
export function sampleWord(
  lot: number,
  sampling: NonNullable<Decision['sampling']>,
  drawn: Drawn,
): 'accept' | 'reject' | undefined {
  const { d0, d1 } = defectsAt(lot, risksOf(sampling));
  const upper = Math.log((1 - SAMPLING_RISK) / SAMPLING_RISK);
  const lower = Math.log(SAMPLING_RISK / (1 - SAMPLING_RISK));
  if (lotLogRatio(lot, d0, d1, drawn.n, drawn.failed) >= upper) return 'reject';
  const worst = lotLogRatio(lot, d0, d1, drawn.n, drawn.failed + drawn.open);
  return worst <= lower ? 'accept' : undefined;
}

/**
 * @param units node ids of each unit
 * @param seed of the plan
 */
export function createSampler(
  units: readonly (readonly string[])[],
  nodes: readonly Node[],
  sampling: NonNullable<Decision['sampling']>,
  seed: number,
): Sampler {
  const order = stratified(units, nodes, stream(seed, 'sampling'));
  const plan = findSamplingPlan(units.length, risksOf(sampling));
  // No sample smaller than the lot holds both risks: every unit is drawn at once.
  const batch = plan === 'census' ? units.length : Math.min(BATCH, plan.n);
  const drawn: (readonly string[])[] = [];
  const members = new Set<string>();
  const add = (count: number) => {
    const fresh = order.slice(drawn.length, drawn.length + count);
    drawn.push(...fresh);
    for (const node of fresh.flat()) members.add(node);
    return fresh.length > 0;
  };
  add(batch);
  return {
    has: (node) => members.has(node),
    draw(wordOf) {
      const words = drawn.map((unit) => unit.map((node) => wordOf(node)));
      const counts = {
        n: drawn.length,
        failed: words.filter((unit) => unit.includes('fail')).length,
        open: words.filter((unit) => !unit.includes('fail') && unit.some((word) => word !== 'pass'))
          .length,
      };
      return sampleWord(units.length, sampling, counts) === undefined && add(batch);
    },
    lot: units.length,
    drawn,
  };
}

function risksOf(sampling: NonNullable<Decision['sampling']>) {
  return { ...sampling, alpha: SAMPLING_RISK, beta: SAMPLING_RISK };
}

/** Random order in which every rack has its turn before any has a second: defects cluster by rack. */
function stratified(
  units: readonly (readonly string[])[],
  nodes: readonly Node[],
  random: () => number,
): (readonly string[])[] {
  const racks = new Map(
    nodes.map((node) => [node.id, node.domains.find((one) => one.kind === 'rack')?.id ?? '']),
  );
  const turns = new Map<string, number>();
  return shuffle(units, random)
    .map((unit, place) => {
      const rack = racks.get(unit[0] ?? '') ?? '';
      const turn = turns.get(rack) ?? 0;
      turns.set(rack, turn + 1);
      return { unit, turn, place };
    })
    .sort((a, b) => a.turn - b.turn || a.place - b.place)
    .map((one) => one.unit);
}
