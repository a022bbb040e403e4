/** Pooled repeatability of a metric from the fleet's own repeats (STATISTICS 2.2). */
import { median } from 'simple-statistics';
import { madScale } from '../statistics/mad-scale.ts';

/** All on the ln scale: 0.01 is 1 %. */
export interface Spread {
  /** Robust, pooled over parts: 1.4826 · median |y1 − y2| / √2, over all pairs of a part's trials. */
  readonly sigma: number;
  /** Root of the pooled within-part variance. */
  readonly classical: number;
  /** Between-part standard deviation, robust; undefined for one part. */
  readonly between: number | undefined;
  /** Of the residuals of parts with three trials or more; undefined where there are none. */
  readonly skewness: number | undefined;
  /** Sum of (trials − 1) over parts. */
  readonly degrees: number;
}

/** Consistency factor of the median absolute difference for Gaussian noise. */
const GAUSSIAN = 1.4826;
/** Clocks and counters are quantised: parts that repeat to the last digit still differ by this. */
export const SMALLEST_SIGMA = 1e-4;

/**
 * @param parts ln values of each part's trials; parts with fewer than two are left out of the within-part figures
 * @returns undefined when no part has two trials
 * @see STATISTICS.md 2.2
 */
export function spreadOf(parts: readonly (readonly number[])[]): Spread | undefined {
  const repeated = parts.filter((part) => part.length > 1);
  if (repeated.length === 0) return undefined;
  const differences: number[] = [];
  const residuals: number[] = [];
  let squares = 0;
  let degrees = 0;
  for (const part of repeated) {
    const mean = meanOf(part);
    for (const [i, y] of part.entries()) {
      squares += (y - mean) ** 2;
      if (part.length > 2) residuals.push(y - mean);
      for (const other of part.slice(i + 1)) differences.push(Math.abs(y - other));
    }
    degrees += part.length - 1;
  }
  const classical = Math.sqrt(squares / degrees);
  const robust = (GAUSSIAN * median(differences)) / Math.SQRT2;
  // More than half of the differences tie at 0: the classical figure is what is left.
  const sigma = Math.max(robust === 0 ? classical : robust, SMALLEST_SIGMA);
  return {
    sigma,
    classical,
    between: betweenParts(parts, sigma),
    skewness: residuals.length === 0 ? undefined : skewnessOf(residuals),
    degrees,
  };
}

function betweenParts(parts: readonly (readonly number[])[], sigma: number): number | undefined {
  if (parts.length < 2) return undefined;
  const trials = parts.reduce((sum, part) => sum + part.length, 0) / parts.length;
  const spread = madScale(parts.map((part) => meanOf(part)));
  return Math.sqrt(Math.max(0, spread ** 2 - sigma ** 2 / trials));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Third standardised moment of residuals about 0. */
function skewnessOf(residuals: readonly number[]): number | undefined {
  const second = meanOf(residuals.map((one) => one ** 2));
  if (second === 0) return undefined;
  return meanOf(residuals.map((one) => one ** 3)) / second ** 1.5;
}
