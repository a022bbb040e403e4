/** BCa bootstrap interval, for statistics with no closed form. */
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';

/** Fewer values than this have no bootstrap worth the name. */
const FEWEST = 8;
const RESAMPLES = 2000;

/** Bias correction, acceleration and the adjusted shares. */
export interface BcaAdjustment {
  readonly z0: number;
  readonly acceleration: number;
  readonly shares: readonly [low: number, high: number];
}

/**
 * @param x values
 * @param statistic of any sample of them
 * @param confidence two-sided
 * @param random seeded stream, uniform in [0, 1)
 * @returns undefined for fewer than 8 values
 * @see Efron and Tibshirani 1993, chapter 14; STATISTICS.md 2.6, block `bca`
 */
export function bcaInterval(
  x: readonly number[],
  statistic: (sample: readonly number[]) => number,
  confidence: number,
  random: () => number,
): readonly [low: number, high: number] | undefined {
  if (x.length < FEWEST) return undefined;
  const replicates = Array.from({ length: RESAMPLES }, () =>
    statistic(x.map(() => x[Math.floor(random() * x.length)] as number)),
  ).sort((a, b) => a - b);
  const theta = statistic(x);
  const less = replicates.filter((one) => one < theta).length;
  const { shares } = bcaAdjustment(
    less / replicates.length,
    bcaAcceleration(x, statistic),
    confidence,
  );
  return [quantileType1(replicates, shares[0]), quantileType1(replicates, shares[1])];
}

/** Acceleration from the jackknife: sum u³ / (6 (sum u²)^1.5), u = mean(jack) − jack. */
export function bcaAcceleration(
  x: readonly number[],
  statistic: (sample: readonly number[]) => number,
): number {
  const jackknife = x.map((_, i) => statistic([...x.slice(0, i), ...x.slice(i + 1)]));
  const mean = jackknife.reduce((sum, one) => sum + one, 0) / jackknife.length;
  let cubes = 0;
  let squares = 0;
  for (const one of jackknife) {
    cubes += (mean - one) ** 3;
    squares += (mean - one) ** 2;
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}

/** @param below share of replicates below the estimate, in (0, 1) */
export function bcaAdjustment(
  below: number,
  acceleration: number,
  confidence: number,
): BcaAdjustment {
  const z0 = normalQuantile(below, 0, 1);
  const share = (p: number) => {
    const z = z0 + normalQuantile(p, 0, 1);
    return normalCdf(z0 + z / (1 - acceleration * z), 0, 1);
  };
  const tail = (1 - confidence) / 2;
  return { z0, acceleration, shares: [share(tail), share(1 - tail)] };
}

/** Smallest value whose cumulated count reaches ceil(p·B); ascending input. */
export function quantileType1(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] as number;
}
