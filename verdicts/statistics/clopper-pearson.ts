/** Exact confidence limits of a proportion. */
import betaQuantile from '@stdlib/stats-base-dists-beta-quantile';

/**
 * Two-sided Clopper–Pearson interval of x of n.
 *
 * @param x 0 … n
 * @param n ≥ 1
 * @see Clopper and Pearson 1934; block `clopper_pearson`
 */
export function clopperPearson(
  x: number,
  n: number,
  confidence: number,
): { readonly lower: number; readonly upper: number } {
  const tail = (1 - confidence) / 2;
  return {
    lower: x === 0 ? 0 : betaQuantile(tail, x, n - x + 1),
    upper: upperLimit(x, n, 1 - tail),
  };
}

/** One-sided upper limit at the given confidence: the fraction nonconforming is below it. */
export function upperLimit(x: number, n: number, confidence: number): number {
  return x === n ? 1 : betaQuantile(confidence, x + 1, n - x);
}
