/** Noncentral Student t, which no library here gives to more than nine digits. */
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';

/** Half-width of the integration in units of the chi's spread, and steps: good to 1e-13. */
const REACH = 12;
const STEPS = 600;

/**
 * P(T ≤ t) for T = (Z + delta)/S, Z standard normal, S = sqrt(chi²_v/v).
 *
 * Integrates Phi(t·s − delta) over the density of S in ln s, where the integrand is smooth and vanishes
 * at both ends, so that the trapezoidal rule converges faster than any power of the step.
 *
 * @param degrees v > 0
 * @param delta noncentrality
 * @see Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 2, chapter 31
 */
export function noncentralTCdf(t: number, degrees: number, delta: number): number {
  // ln S is near 0 with standard deviation about 1/sqrt(2v); the left tail is longer for few degrees.
  const spread = 1 / Math.sqrt(2 * degrees);
  const from = -REACH * spread - 40 / degrees;
  const to = REACH * spread;
  const step = (to - from) / STEPS;
  let sum = 0;
  let mass = 0;
  for (let i = 0; i <= STEPS; i += 1) {
    const x = from + i * step;
    // Density of ln S up to its constant, which the same sum gives: s^v · exp(−v s²/2).
    const weight = Math.exp(degrees * (x - Math.expm1(2 * x) / 2));
    mass += weight;
    sum += weight * normalCdf(t * Math.exp(x) - delta, 0, 1);
  }
  return sum / mass;
}

/**
 * The t with P(T ≤ t) = p, by bisection to the last digits.
 *
 * @param p in (0, 1)
 */
export function noncentralTQuantile(p: number, degrees: number, delta: number): number {
  let half = 1;
  while (noncentralTCdf(delta - half, degrees, delta) > p) half *= 2;
  let low = delta - half;
  half = 1;
  while (noncentralTCdf(delta + half, degrees, delta) < p) half *= 2;
  let high = delta + half;
  for (let step = 0; step < 200; step += 1) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (noncentralTCdf(middle, degrees, delta) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
