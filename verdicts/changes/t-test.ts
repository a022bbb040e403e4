/** Student's two-sample test from means and standard deviations, equal variances assumed. */
import betainc from '@stdlib/math-base-special-betainc';

/** Mean and standard deviation of one side. */
export interface Side {
  readonly mean: number;
  readonly deviation: number;
  readonly n: number;
}

/**
 * @param values the series; the side is [from, to), not empty
 * @param ddof 1: unbiased; 0: as Otava 0.8 does it, p then comes out too small
 */
export function sideOf(values: ArrayLike<number>, from: number, to: number, ddof: 0 | 1 = 1): Side {
  const n = to - from;
  let sum = 0;
  for (let at = from; at < to; at += 1) sum += values[at] as number;
  const mean = sum / n;
  let squares = 0;
  for (let at = from; at < to; at += 1) squares += ((values[at] as number) - mean) ** 2;
  return { mean, deviation: n < 2 ? 0 : Math.sqrt(squares / (n - ddof)), n };
}

/** What else widens a difference of means than the two deviations. */
export interface Widening {
  /** Lag-1 autocorrelation of the series, in [0, 1). */
  readonly rho: number;
  /** Factor on both deviations. */
  readonly factor: number;
}

/** Nothing does. */
export const PLAIN: Widening = { rho: 0, factor: 1 };

/**
 * Student's t, and its degrees of freedom; ±Infinity where neither side varies.
 *
 * @param widening standard errors are those of means of an AR(1) series with this autocorrelation
 */
export function studentT(
  left: Side,
  right: Side,
  { rho, factor }: Widening = PLAIN,
): { t: number; degrees: number } {
  const degrees = left.n + right.n - 2;
  const pooled =
    ((left.n - 1) * left.deviation ** 2 + (right.n - 1) * right.deviation ** 2) / degrees;
  const spread = varianceOfMean(left.n, rho) / left.n + varianceOfMean(right.n, rho) / right.n;
  return { t: (left.mean - right.mean) / (factor * Math.sqrt(pooled * spread)), degrees };
}

/**
 * Two-sided p; 1 for two values, NaN where nothing varies and nothing differs.
 *
 * @see P(|T| > t) = I(ν/(ν+t²); ν/2, 1/2), Abramowitz and Stegun 26.7.1
 */
export function twoSidedP(left: Side, right: Side, widening: Widening = PLAIN): number {
  if (left.n + right.n <= 2) return 1;
  const { t, degrees } = studentT(left, right, widening);
  if (Number.isNaN(t)) return NaN;
  return betainc(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/**
 * Variance of the mean of n nights of an AR(1) series, times n: 1 + 2·Σ (1 − k/n)·ρᵏ; (1+ρ)/(1−ρ) for many.
 */
function varianceOfMean(n: number, rho: number): number {
  if (rho === 0) return 1;
  return (1 + rho) / (1 - rho) - (2 * rho * (1 - rho ** n)) / (n * (1 - rho) ** 2);
}
