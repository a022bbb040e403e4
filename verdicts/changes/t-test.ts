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

/** Student's t, and its degrees of freedom; ±Infinity where neither side varies. */
export function studentT(left: Side, right: Side): { t: number; degrees: number } {
  const degrees = left.n + right.n - 2;
  const pooled =
    ((left.n - 1) * left.deviation ** 2 + (right.n - 1) * right.deviation ** 2) / degrees;
  const t = (left.mean - right.mean) / Math.sqrt(pooled * (1 / left.n + 1 / right.n));
  return { t, degrees };
}

/**
 * Two-sided p; 1 for two values, NaN where nothing varies and nothing differs.
 *
 * @see P(|T| > t) = I(ν/(ν+t²); ν/2, 1/2), Abramowitz and Stegun 26.7.1
 */
export function twoSidedP(left: Side, right: Side): number {
  if (left.n + right.n <= 2) return 1;
  const { t, degrees } = studentT(left, right);
  if (Number.isNaN(t)) return NaN;
  return betainc(degrees / (degrees + t * t), degrees / 2, 0.5);
}
