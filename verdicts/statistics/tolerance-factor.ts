/** One-sided tolerance factor of a normal population. */
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { noncentralTQuantile } from './noncentral-t.ts';

/**
 * k such that mean − k·s is below a share p of all parts with confidence g. Valid for normal parts
 * only: check that first, or take Wilks.
 *
 * @param n sample size ≥ 2
 * @param coverage p in (0, 1)
 * @param confidence g in (0, 1)
 * @see Hahn and Meeker, Statistical Intervals; block `tolerance_k_one_sided_normal`
 */
export function toleranceFactor(n: number, coverage: number, confidence: number): number {
  const delta = normalQuantile(coverage, 0, 1) * Math.sqrt(n);
  return noncentralTQuantile(confidence, n - 1, delta) / Math.sqrt(n);
}
