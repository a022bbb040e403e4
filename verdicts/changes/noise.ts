/** Night-to-night spread and autocorrelation, measured on differences so that no shift in level counts as noise. */
import { medianInPlace, select } from './median.ts';
import { KEPT, type Noise, type Tracks } from './state.ts';

/** Differences beyond this many robust sigmas are a change or a transient: they count as much as this. */
const CLIP = 4;
/** Differences that must be there before the robust scale clips. */
const LEAST = 8;
/** Below it, autocorrelation is left out of account (STATISTICS 4.3). */
const RHO_COUNTS = 0.2;
const RHO_MOST = 0.95;
/** Standard errors of an autocorrelation (about 1/√visits each) that are not counted upon. */
const RHO_ERRORS = 0.5;
/** Residuals from which a tail can be read. */
const TAIL_LEAST = 256;
/** A fleet or a machine repeats no better than this, whatever a few equal values say (ln). */
const SIGMA_LEAST = 1e-6;

/** What noise says tonight. */
export interface Spread {
  /** Standard deviation of one night about its level (ln), Gaussian tail assumed. */
  readonly sigma: number;
  /** Lag-1 autocorrelation. */
  readonly rho: number;
  /** sigma times what autocorrelation adds: what a shift is measured by. */
  readonly effective: number;
  /** Factor of the lower tail: 1 = Gaussian. */
  readonly tail: number;
  /** Differences behind it. */
  readonly degrees: number;
}

/** sqrt((1+rho)/(1−rho)): how much wider sums of correlated nights spread; 1 up to rho = 0.2. */
export function inflation(rho: number): number {
  return rho > RHO_COUNTS ? Math.sqrt((1 + rho) / (1 - rho)) : 1;
}

/**
 * Splits an autocorrelation into what is certain and what sums of nights still spread wider by once that is taken off.
 *
 * @param degrees visits behind it
 */
export function certainPart(
  rho: number,
  degrees: number,
): { readonly certain: number; readonly rest: number } {
  const certain = Math.max(0, rho - RHO_ERRORS / Math.sqrt(Math.max(1, degrees)));
  return { certain, rest: inflation((rho - certain) / (1 - rho * certain)) };
}

/** The largest difference that still counts as noise; Infinity while too few are known. */
export function clipOf(noise: Noise): number {
  const kept = Math.min(noise.differencesSeen, KEPT);
  if (kept < LEAST) return Infinity;
  const scratch = noise.differences.slice(0, kept);
  const median = medianInPlace(scratch, kept);
  return median > 0 ? CLIP * 1.4826 * median : Infinity;
}

/**
 * Adds tonight's differences to those one and two visits before, in place.
 *
 * @param x tonight, NaN = not seen
 * @param units x of a track is divided by its own; absent: 1
 */
export function addDifferences(
  noise: Noise,
  tracks: Tracks,
  x: Float64Array,
  clip: number,
  units?: Float64Array,
): void {
  const { last, before } = tracks;
  let ones = 0;
  let twos = 0;
  let n = 0;
  let m = 0;
  for (let at = 0; at < x.length; at += 1) {
    const value = (x[at] as number) / (units?.[at] ?? 1);
    if (Number.isNaN(value)) continue;
    const one = Math.abs(value - (last[at] as number));
    const two = Math.abs(value - (before[at] as number));
    before[at] = last[at] as number;
    last[at] = value;
    if (!Number.isNaN(one)) {
      ones += Math.min(one, clip) ** 2;
      n += 1;
    }
    if (!Number.isNaN(two)) {
      twos += Math.min(two, clip) ** 2;
      m += 1;
    }
  }
  noise.squares[0] += ones;
  noise.squares[1] += twos;
  noise.counts[0] += n;
  noise.counts[1] += m;
}

/** Keeps a difference for the robust scale. */
export function keepDifference(noise: Noise, difference: number): void {
  noise.differences[noise.differencesSeen % KEPT] = Math.abs(difference);
  noise.differencesSeen += 1;
}

/** Keeps a standardised residual for the tail. */
export function keepResidual(noise: Noise, residual: number): void {
  noise.residuals[noise.residualsSeen % KEPT] = residual;
  noise.residualsSeen += 1;
}

/**
 * The spread: one and two nights apart differences have variances 2σ²(1−ρ) and 2σ²(1−ρ²), so their ratio is 1+ρ.
 *
 * @param prior repeatability known before; it counts as its degrees, 10 at most (it has no night in it)
 */
export function spreadOf(
  noise: Noise,
  prior?: { readonly sigma: number; readonly degrees: number },
): Spread {
  const { tail } = noise;
  const [ones, twos] = noise.squares;
  const [n, m] = noise.counts;
  const near = n > 0 ? ones / n / 2 : NaN;
  const far = m > 0 ? twos / m / 2 : NaN;
  // With few differences the ratio is noise itself.
  const rho = m >= 2 * LEAST && near > 0 ? Math.min(RHO_MOST, Math.max(0, far / near - 1)) : 0;
  const own = n > 0 ? near / (1 - rho) : 0;
  const weight = prior === undefined ? 0 : Math.min(10, prior.degrees);
  const variance = (n * own + weight * (prior?.sigma ?? 0) ** 2) / (n + weight);
  // Nothing known yet: nothing can be said to be low.
  const sigma = n + weight > 0 ? Math.max(SIGMA_LEAST, Math.sqrt(variance)) : Infinity;
  return { sigma, rho, tail, effective: sigma * inflation(rho), degrees: n + weight };
}

/**
 * How much further down the worst nights lie than Gaussian ones: from the 1 % and 0.5 % quantiles of the residuals
 * kept; 1 where too few are known.
 */
export function lowerTail(noise: Noise): number {
  const kept = Math.min(noise.residualsSeen, KEPT);
  if (kept < TAIL_LEAST) return 1;
  const scratch = noise.residuals.slice(0, kept);
  const at = (share: number) => -select(scratch, kept, Math.floor(share * kept));
  return Math.max(1, (at(0.01) / 2.3263 + at(0.005) / 2.5758) / 2);
}
