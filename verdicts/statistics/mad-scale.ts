/** Median absolute deviation as an estimate of a Gaussian sigma. */
import { medianAbsoluteDeviation } from 'simple-statistics';

/** 1/Phi^-1(3/4), as R's `mad` rounds it. */
const GAUSSIAN = 1.4826;

/**
 * 1.4826 · median |x − median(x)|. 0 when more than half of the values tie (quantised clocks).
 *
 * @param x non-empty, finite
 * @see STATISTICS.md 2.5, block `robust_scale_R`; simple-statistics gives it unscaled
 */
export function madScale(x: readonly number[]): number {
  return GAUSSIAN * medianAbsoluteDeviation([...x]);
}
