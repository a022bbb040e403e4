/** Gauss–Legendre quadrature. */

/** Points in (−1, 1) and their weights. */
export interface Quadrature {
  readonly points: readonly number[];
  readonly weights: readonly number[];
}

/**
 * Exact for polynomials up to degree 2n − 1.
 *
 * @param n number of points ≥ 1
 * @see Abramowitz and Stegun 25.4.29; roots by Newton's method from Tricomi's first guess
 */
export function gaussLegendre(n: number): Quadrature {
  const points: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < n; i += 1) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let step = 0; step < 10; step += 1) {
      let before = 1;
      let here = x;
      for (let k = 2; k <= n; k += 1) {
        [before, here] = [here, ((2 * k - 1) * x * here - (k - 1) * before) / k];
      }
      slope = (n * (x * here - before)) / (x * x - 1);
      x -= here / slope;
    }
    points.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { points, weights };
}
