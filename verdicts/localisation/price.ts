/** What naming the guilty costs: the screen of pairs beside all N − 1 rounds of them. */
import type { Case } from '../../suites/model.ts';
import { roundsOfAll } from './matchings.ts';
import { ASSUMED_FAULTS, chooseRounds, upperTail, type Errors } from './rounds.ts';

/** Rounds that the first decision on placed pairs takes at least: sigma is measured on them. */
const PLACED = 2;

/** A number of rounds in which every node runs. */
export interface Price {
  readonly rounds: number;
  /** Seconds. */
  readonly wallTime: number;
  readonly nodeHours: number;
}

/** Both ways for the pairs of one case. */
export interface PairPrices {
  /** Case.id. */
  readonly case: string;
  /** d′: from nominal to the limit, in standard deviations of one pair's result. */
  readonly distance: number;
  /** One matching, run twice: gives sigma, and is a screen. */
  readonly placed: Price;
  /** Rounds by the formula after it; absent: d′ is too small to search by. */
  readonly search?: Price & Errors & { readonly screen: number; readonly confirm: number };
  /** Every pair once. */
  readonly sweep: Price;
  /** The plan buys the sweep. */
  readonly bought: boolean;
}

/**
 * @param wanted nodes wrongly decided, expected, at most
 * @param pass P(a placed pair with a fault in it passes), at most
 * @param overhead seconds of a trial beside its program
 */
export function pairPrices(
  of: Case,
  size: { readonly nodes: number; readonly distance: number; readonly overhead: number },
  wanted: number,
  pass: number,
): PairPrices {
  const { nodes, distance } = size;
  const price = (rounds: number): Price => {
    const wallTime = rounds * (of.expected + size.overhead);
    return { rounds, wallTime, nodeHours: (wallTime * nodes) / 3600 };
  };
  const chosen = chooseRounds(
    { nodes, faults: Math.max(1, ASSUMED_FAULTS * nodes), distance },
    wanted,
    Math.min(pass, upperTail(distance / Math.SQRT2)),
  );
  return {
    case: of.id,
    distance,
    placed: price(PLACED),
    ...(chosen !== undefined && {
      search: { ...chosen, ...price(chosen.screen + chosen.confirm) },
    }),
    sweep: price(roundsOfAll(nodes)),
    bought: of.fullSweep === true,
  };
}
