/** Distribution-free tolerance limits (Wilks). */
import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';

/**
 * Smallest sample of which the r-th smallest value is a lower tolerance limit: with confidence g at
 * least a share p of all parts lies above it, whatever their distribution.
 * Smallest n with P(Bin(n, 1 − p) ≥ r) ≥ g.
 *
 * @param coverage p in (0, 1)
 * @param confidence g in (0, 1)
 * @param order r ≥ 1
 * @see Wilks 1941; STATISTICS.md 2.6, block `wilks`
 */
export function wilksSampleSize(coverage: number, confidence: number, order = 1): number {
  const enough = (n: number) => 1 - binomialCdf(order - 1, n, 1 - coverage) >= confidence;
  let low = order - 1;
  let high = Math.max(1, order);
  while (!enough(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
