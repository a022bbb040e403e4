/** One-sided binomial test: is the share beyond the bound larger than allowed? */
import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';

/**
 * P(Bin(n, p) ≥ x): how often so many or more would be seen if the true share were `p`.
 *
 * @param x seen, 0 … n
 * @param p share allowed, in [0, 1]
 */
export function exceedance(x: number, n: number, p: number): number {
  // P(Bin(n, p) ≥ x) = P(Bin(n, 1 − p) ≤ n − x): the small tail is never a difference of near-ones.
  return x <= 0 ? 1 : binomialCdf(n - x, n, 1 - p);
}
