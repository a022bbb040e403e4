/** How many rounds the screen and the confirmation need for the errors that are wanted (STATISTICS 5.3). */
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';

/** What is searched, and how well one result tells a pair with a fault from one without. */
export interface SearchSize {
  readonly nodes: number;
  /** Nodes at fault, assumed. */
  readonly faults: number;
  /** d′: the loss that must be found, in standard deviations of one pair's result. */
  readonly distance: number;
}

/** Rounds of the search. */
export interface Rounds {
  readonly screen: number;
  readonly confirm: number;
}

/** Expected numbers of wrongly decided nodes. */
export interface Errors {
  readonly missed: number;
  readonly false: number;
}

/** Assumed where nothing is known: one node in a hundred is at fault. */
export const ASSUMED_FAULTS = 0.01;
/** More screens or confirmations than this are no search any more: measure more precisely first. */
const MOST = 8;

/** P(a standard normal exceeds x). */
export function upperTail(x: number): number {
  return normalCdf(-x, 0, 1);
}

/**
 * Expected errors of screen and confirmation.
 *
 * @param before P(a result of the repeats that sigma was measured on lies beyond half of d′ by chance), where
 *   these count as a screen of their own; absent: they don't
 * @see STATISTICS.md 5.3, block `localise_adaptive_formula_vs_sim`
 */
export function expectedErrors(size: SearchSize, rounds: Rounds, before?: number): Errors {
  const { nodes, faults, distance } = size;
  const { screen, confirm } = rounds;
  const beyond = upperTail(distance / 2);
  const confirmed = upperTail((Math.sqrt(confirm) * distance) / 2);
  const rate = faults / nodes;
  const looks = screen + (before === undefined ? 0 : 1);
  const unseen = beyond ** screen * (before ?? 1);
  const clean =
    (1 - beyond) ** screen * (before === undefined ? 1 : 1 - before) * (1 - rate) ** looks;
  return {
    missed: faults * (unseen + confirmed),
    false: nodes * (1 - clean) * confirmed,
  };
}

/**
 * The smallest number of rounds whose expected errors are at most `wanted`.
 *
 * @returns undefined where eight of each are not enough
 */
export function chooseRounds(
  size: SearchSize,
  wanted: number,
  before?: number,
): (Rounds & Errors) | undefined {
  const first = before === undefined ? 1 : 0;
  for (let total = first + 1; total <= 2 * MOST; total += 1) {
    let best: (Rounds & Errors) | undefined;
    for (let screen = first; screen < total && screen <= MOST; screen += 1) {
      const rounds = { screen, confirm: total - screen };
      if (rounds.confirm > MOST) continue;
      const errors = expectedErrors(size, rounds, before);
      const sum = errors.missed + errors.false;
      if (sum <= wanted && (best === undefined || sum < best.missed + best.false)) {
        best = { ...rounds, ...errors };
      }
    }
    if (best !== undefined) return best;
  }
  return undefined;
}

/**
 * Rounds after which the rule "bad if even its best result is bad" has at most `wanted` false nodes; its misses grow
 * with every round, so it is shown and never decides.
 *
 * @see STATISTICS.md 5.4, block `localise_best_of_R_formula`
 */
export function bestOfRounds(size: SearchSize, wanted: number): number {
  const seen = size.faults / size.nodes + upperTail(size.distance / 2);
  return Math.ceil(Math.log(size.nodes / wanted) / -Math.log(seen));
}
