/** MLPerf's early stopping: how many queries a tail verdict takes. */
import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';

/**
 * Smallest number of queries with which `over` of them beyond the bound still shows, with the given
 * confidence, that at least a share `percentile` of all is within it: smallest n = h + t with
 * P(Bin(n, 1 − p) ≤ t) ≤ 1 − c. Assumes independent queries and no tolerance.
 *
 * @param over queries beyond the bound, t ≥ 0
 * @param percentile p in (0, 1)
 * @param confidence c in (0, 1)
 * @see mlcommons/inference loadgen/early_stopping.cc; STATISTICS.md 2.7, block `mlperf_early_stopping_c99_d0`
 */
export function earlyStoppingQueries(over: number, percentile: number, confidence: number): number {
  const short = (n: number) => binomialCdf(over, n, 1 - percentile) > 1 - confidence;
  let low = over;
  let high = Math.max(1, 2 * over);
  while (short(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (short(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * MLPerf's older fixed query counts: n = z² p (1 − p) / m² with margin m = (1 − p)/20 at 99 %
 * two-sided confidence, rounded up to a multiple of 2^13.
 *
 * @see mlcommons/inference_policies inference_rules.adoc; block `mlperf_legacy_query_counts`
 */
export function legacyQueries(percentile: number): {
  readonly n: number;
  readonly rounded: number;
} {
  const margin = (1 - percentile) / 20;
  const z = normalQuantile((1 - 0.99) / 2, 0, 1);
  const n = Math.ceil((z * z * percentile * (1 - percentile)) / (margin * margin));
  return { n, rounded: Math.ceil(n / 2 ** 13) * 2 ** 13 };
}
