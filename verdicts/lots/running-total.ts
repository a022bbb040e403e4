/** The fraction nonconforming over everything delivered so far (STATISTICS 3.3). */
import { upperLimit } from '../statistics/clopper-pearson.ts';

/** One tranche. */
export interface Tranche {
  readonly tested: number;
  readonly nonconforming: number;
}

/**
 * One-sided 95 % upper bound after all tranches so far.
 *
 * @returns undefined while nothing was tested
 */
export function runningTotal(
  tranches: readonly Tranche[],
): { readonly tested: number; readonly nonconforming: number; readonly upper: number } | undefined {
  const tested = tranches.reduce((sum, one) => sum + one.tested, 0);
  const nonconforming = tranches.reduce((sum, one) => sum + one.nonconforming, 0);
  if (tested === 0) return undefined;
  return { tested, nonconforming, upper: upperLimit(nonconforming, tested, 0.95) };
}
