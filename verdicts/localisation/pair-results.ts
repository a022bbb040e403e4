/** Results of pairs over the rounds of a search: what is expected, how far good ones stray, which fall short. */
import { byText } from '../criteria/ledger.ts';
import { spreadOf } from '../decision/repeatability.ts';
import { madScale } from '../statistics/mad-scale.ts';
import { expectations } from './scatter.ts';

/** More than there are classes of pairs. */
const CLASSES = 8;

/** One value of one trial of a pair. */
export interface PairValue {
  /** Criterion it is from. */
  readonly criterion: string;
  /** Sorted ids joined by `~`. */
  readonly pair: string;
  readonly rail: number | undefined;
  /** ln of the value over the limit, positive where it conforms. */
  readonly y: number;
}

/** What was measured of the pairs that were run again and again. */
export interface Scatter {
  /** ln scale: standard deviation of one good pair's result. */
  readonly sigma: number;
  /** d′: way from what the weakest class is expected to give to the limit, in sigma. */
  readonly distance: number;
}

/** Values of one search. */
export interface PairValues {
  add(value: PairValue): void;
  /**
   * Ends a round.
   *
   * @returns pairs that fall short of half the way from their class's expectation to the limit, and the rails on which
   */
  endRound(): ReadonlyMap<string, ReadonlySet<number | undefined>>;
  /** Of all rounds so far; undefined while no pair has two values, or where good pairs don't conform. */
  scatter(): Scatter | undefined;
  /** Shortfall of each pair in sigma, its worst criterion and rail, over the rounds since `from`. */
  standardised(): ReadonlyMap<string, number>;
}

/** @param classOf class of a pair by its key */
export function createPairValues(classOf: (pair: string) => number): PairValues {
  const repeated = new Map<string, Map<string, number[]>>();
  const known = new Map<string, Map<number, number>>();
  const worst = new Map<string, number>();
  let fresh: PairValue[] = [];
  /** Pairs of the largest round. */
  let most = 0;
  let sigmas = new Map<string, number>();

  /** Rails are built alike and need not be alike: each has its own expectation. */
  const kindOf = (pair: string, rail: number | undefined) => classOf(pair) + CLASSES * (rail ?? 0);

  const measureSigma = () => {
    sigmas = new Map();
    for (const [criterion, pairs] of repeated) {
      const sorted = [...pairs].sort(([a], [b]) => byText(a, b));
      const spread = spreadOf(sorted.map(([, values]) => values));
      if (spread === undefined) continue;
      // Good pairs stray from each other too, and both are robust: the pairs with a fault are few.
      const residuals = sorted.flatMap(([key, values]) => {
        const hoped = known.get(criterion)?.get(kindOf(keyPair(key), keyRail(key))) ?? 0;
        return values.map((value) => value - hoped);
      });
      sigmas.set(criterion, Math.max(spread.sigma, madScale(residuals)));
    }
  };

  return {
    add: (value) => void fresh.push(value),
    endRound() {
      const short = new Map<string, Set<number | undefined>>();
      const byCriterion = new Map<string, PairValue[]>();
      for (const value of fresh.sort(inOrder)) {
        const own = byCriterion.get(value.criterion) ?? [];
        byCriterion.set(value.criterion, own);
        own.push(value);
      }
      fresh = [];
      for (const [criterion, values] of byCriterion) {
        const before = known.get(criterion) ?? new Map<number, number>();
        const pairsNow = new Set(values.map((one) => one.pair)).size;
        most = Math.max(most, pairsNow);
        // Those that are measured again were chosen for what they gave: they set no expectation.
        const chosen = 2 * pairsNow < most;
        const round = {
          values: Float64Array.from(values, (one) => one.y),
          classes: Uint16Array.from(values, (one) => kindOf(one.pair, one.rail)),
        };
        const expected = chosen ? before : expectations(round, before);
        if (!chosen) known.set(criterion, new Map([...before, ...expected]));
        const pairs = repeated.get(criterion) ?? new Map<string, number[]>();
        repeated.set(criterion, pairs);
        for (const { pair, rail, y } of values) {
          const key = `${pair}#${rail ?? ''}`;
          pairs.set(key, [...(pairs.get(key) ?? []), y]);
          const hoped = expected.get(kindOf(pair, rail)) ?? 0;
          const z = (hoped - y) / Math.max(sigmas.get(criterion) ?? 1, Number.MIN_VALUE);
          worst.set(pair, Math.max(worst.get(pair) ?? -Infinity, z));
          // Where good pairs don't conform, being like them is no news; the limit decides by itself.
          if (hoped <= 0 || y >= hoped / 2) continue;
          const rails = short.get(pair) ?? new Set();
          short.set(pair, rails);
          rails.add(rail);
        }
      }
      return short;
    },
    scatter() {
      measureSigma();
      let weakest: Scatter | undefined;
      for (const [criterion, sigma] of sigmas) {
        const nearest = Math.min(
          ...[...(known.get(criterion)?.values() ?? [])].filter((one) => one > 0),
        );
        const distance = nearest / Math.max(sigma, Number.MIN_VALUE);
        if (!(distance > 0) || !Number.isFinite(distance)) continue;
        if (weakest === undefined || distance < weakest.distance) weakest = { sigma, distance };
      }
      worst.clear();
      return weakest;
    },
    standardised: () => worst,
  };
}

function inOrder(a: PairValue, b: PairValue): number {
  return (
    byText(a.criterion, b.criterion) ||
    byText(a.pair, b.pair) ||
    (a.rail ?? -1) - (b.rail ?? -1) ||
    a.y - b.y
  );
}

function keyRail(key: string): number | undefined {
  const rail = key.slice(key.lastIndexOf('#') + 1);
  return rail === '' ? undefined : Number(rail);
}

function keyPair(key: string): string {
  return key.slice(0, key.lastIndexOf('#'));
}
