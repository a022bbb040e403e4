/** How long a one-sided CUSUM runs before it alarms: exactly, and as Siegmund approximates it. */
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import { gaussLegendre } from '../statistics/gauss-legendre.ts';

/** Points of the quadrature: more change no digit that is compared. */
const POINTS = 96;

/**
 * Average nights until S = max(0, S + z − k) passes h, from S = 0, z ~ N(shift, 1).
 *
 * @param shift in sigmas towards the alarm; 0 = the run length between false alarms
 * @see Page 1954: L(s) = 1 + L(0)·Φ(k−s−δ) + ∫₀ʰ L(x)·φ(x+k−s−δ) dx, solved by Nyström's method
 */
export function cusumRunLength(k: number, h: number, shift = 0): number {
  const { points, weights } = gaussLegendre(POINTS);
  const x = points.map((one) => ((one + 1) * h) / 2);
  const density = (u: number) => Math.exp(-(u * u) / 2) / Math.sqrt(2 * Math.PI);
  // Unknowns: L(0), then L at the points.
  const at = [0, ...x];
  const rows = at.map((s) => {
    const row = [-normalCdf(k - s - shift, 0, 1)];
    for (const [j, to] of x.entries()) {
      row.push((-density(to + k - s - shift) * (weights[j] as number) * h) / 2);
    }
    return row;
  });
  for (const [i, row] of rows.entries()) row[i] = (row[i] as number) + 1;
  return solve(
    rows,
    at.map(() => 1),
  )[0] as number;
}

/** Siegmund's approximation of the run length between false alarms. @see STATISTICS.md 4.3 */
export function siegmundRunLength(k: number, h: number): number {
  const b = h + 1.166;
  return (Math.exp(2 * k * b) - 2 * k * b - 1) / (2 * k * k);
}

/** Gaussian elimination with partial pivoting; changes both. */
function solve(rows: number[][], right: number[]): number[] {
  const size = right.length;
  const cell = (i: number, j: number) => (rows[i] as number[])[j] as number;
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let i = column + 1; i < size; i += 1) {
      if (Math.abs(cell(i, column)) > Math.abs(cell(pivot, column))) pivot = i;
    }
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    [right[column], right[pivot]] = [right[pivot] as number, right[column] as number];
    for (let i = column + 1; i < size; i += 1) {
      const factor = cell(i, column) / cell(column, column);
      for (let j = column; j < size; j += 1) {
        (rows[i] as number[])[j] = cell(i, j) - factor * cell(column, j);
      }
      right[i] = (right[i] as number) - factor * (right[column] as number);
    }
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    let sum = right[i] as number;
    for (let j = i + 1; j < size; j += 1) sum -= cell(i, j) * (right[j] as number);
    right[i] = sum / cell(i, i);
  }
  return right;
}
