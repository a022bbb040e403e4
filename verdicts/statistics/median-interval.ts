/** Confidence interval of a median or quantile from order statistics, without assumptions. */
import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';

/** Ranks of the ordered sample, from 1, and the coverage that they really have. */
export interface RankInterval {
  readonly lower: number;
  readonly upper: number;
  readonly coverage: number;
}

/**
 * Two-sided interval of the q-quantile: the largest l with P(Bin(n, q) ≤ l − 1) ≤ a/2 and the smallest
 * u with P(Bin(n, q) ≥ u) ≤ a/2, a = 1 − confidence.
 *
 * @param n sample size
 * @param q in (0, 1); the median is 0.5
 * @returns undefined where no such interval exists (the median at 95 %: n ≤ 5); never minimum to maximum instead
 * @see STATISTICS.md 2.6, block `median_ci_ranks_1based_two_sided`
 */
export function quantileInterval(n: number, confidence: number, q = 0.5): RankInterval | undefined {
  const tail = (1 - confidence) / 2;
  const lower = lowerBoundRank(n, 1 - tail, q);
  // P(Bin(n, q) ≥ u) ≤ a/2 is P(Bin(n, 1 − q) ≤ n − u) ≤ a/2.
  const mirrored = lowerBoundRank(n, 1 - tail, 1 - q);
  if (lower === undefined || mirrored === undefined) return undefined;
  const upper = n + 1 - mirrored;
  const coverage = binomialCdf(upper - 1, n, q) - binomialCdf(lower - 1, n, q);
  return { lower, upper, coverage };
}

/**
 * One-sided lower bound of the q-quantile: the largest rank r (from 1) with P(Bin(n, q) ≤ r − 1) ≤ 1 − confidence.
 *
 * @returns undefined where not even the smallest value is such a bound
 * @see block `quantile_lower_bound_rank_1based`
 */
export function lowerBoundRank(n: number, confidence: number, q = 0.5): number | undefined {
  let rank = 0;
  while (rank < n && binomialCdf(rank, n, q) <= 1 - confidence) rank += 1;
  return rank === 0 ? undefined : rank;
}
