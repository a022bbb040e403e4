/** Whether a setting does what is claimed of it: runs with it beside runs without, in pairs. */
import tQuantile from '@stdlib/stats-base-dists-t-quantile';

/** What a knob changes, as ratios: 1.05 is 5 % better with it. */
export interface KnobEffect {
  readonly ratio: number;
  /** Two-sided. */
  readonly interval: readonly [low: number, high: number];
  readonly pairs: number;
  /** `none`: the interval holds 1, no effect is shown. */
  readonly word: 'better' | 'worse' | 'none';
}

/**
 * Mean of the paired log ratios with its t interval. The two runs of a pair follow each other directly, in random
 * order, so that drift is not taken for an effect.
 *
 * @param on values with the knob, > 0; `off[i]` is of the same pair
 * @param confidence of the interval, e.g. 0.99
 * @returns undefined for fewer than three pairs: no interval is worth showing
 */
export function knobEffect(
  on: readonly number[],
  off: readonly number[],
  better: 'higher' | 'lower',
  confidence: number,
): KnobEffect | undefined {
  const n = Math.min(on.length, off.length);
  if (n < 3) return undefined;
  const side = better === 'higher' ? 1 : -1;
  const logs = Array.from(
    { length: n },
    (_, i) => side * Math.log((on[i] as number) / (off[i] as number)),
  );
  const mean = logs.reduce((sum, one) => sum + one, 0) / n;
  const variance = logs.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (n - 1);
  const half = tQuantile((1 + confidence) / 2, n - 1) * Math.sqrt(variance / n);
  const [low, high] = [mean - half, mean + half];
  return {
    ratio: Math.exp(mean),
    interval: [Math.exp(low), Math.exp(high)],
    pairs: n,
    word: low > 0 ? 'better' : high < 0 ? 'worse' : 'none',
  };
}
