/** One night of many series: CUSUM, drop and acceptance rules, and what each series keeps. */
import type { Tracks } from './state.ts';

/** Bits of what a track has shown tonight. */
export const SHIFT = 1;
export const DROP = 2;
export const ACCEPTANCE = 4;

/**
 * Reference value and threshold of two CUSUMs, in sigmas, with equal run lengths between false alarms: one is quick
 * at shifts of 3 sigma and more, one at smaller ones. A longer way while the baseline is young.
 */
export const QUICK = { k: 1.5, h: 4.5, young: 5 } as const;
export const SMALL = { k: 1, h: 6.9, young: 7.7 } as const;
/** A night counts this many sigmas at most, so that one alone can't raise a shift. */
const CAP = 4;
/** Nights (and acceptance trials) after which a baseline stands still: it must not follow a decay. */
const SETTLED = 90;
const FIRST = 30;
/** A residual changes the baseline by this many sigmas at most. */
const WINSOR = 2;
/** Gain of the mean that the acceptance rule looks at. */
const LAMBDA = 0.1;
/** Standard errors beyond the margin that the acceptance rule wants. */
const ACCEPTANCE_ERRORS = 4;

/** What is the same for all tracks tonight. */
export interface Tonight {
  /** Index of the night. */
  readonly night: number;
  /** −ln(1 − margin). */
  readonly margin: number;
  /** Sigmas that a drop in one night must have. */
  readonly drop: number;
  /** Factor of a heavy lower tail on sigma. */
  readonly tail: number;
}

/**
 * Steps every track that was seen, in place.
 *
 * @param x ln value without the common mode; NaN = not seen
 * @param sigmas of each track, autocorrelation in it and the tail not
 * @param found gets the bits of each track
 */
export function stepTracks(
  tracks: Tracks,
  x: Float64Array,
  sigmas: Float64Array,
  tonight: Tonight,
  found: Uint8Array,
): void {
  const { level, count, first, accepted, trials, recent, recentVariance } = tracks;
  const { low, small, zero, left, good, lost, lostCount, known } = tracks;
  const { night, margin, drop, tail } = tonight;
  // Sums of many nights see half of a heavy tail (on the log scale), a night all of it.
  const half = Math.sqrt(tail);
  for (let at = 0; at < x.length; at += 1) {
    const value = x[at] as number;
    found[at] = 0;
    if (Number.isNaN(value)) continue;
    const base = level[at] as number;
    const n = count[at] as number;
    if (n === 0) {
      level[at] = value;
      count[at] = 1;
      zero[at] = night;
      good[at] = night;
      continue;
    }
    const sigma = sigmas[at] as number;
    const depth = known[at] as number;
    const residual = value - base + depth;
    const z = residual / (sigma * Math.sqrt(1 + 1 / n));
    let bits = z < -drop * tail && residual < -2 * margin ? DROP : 0;

    const young = n < SETTLED;
    const quick = (low[at] as number) - Math.max(z / tail, -CAP) - QUICK.k;
    const sum = (small[at] as number) - Math.max(z / half, -CAP) - SMALL.k;
    const h = young ? QUICK.young : QUICK.h;
    const far = young ? SMALL.young : SMALL.h;
    // Bounded, so that a series nobody settles comes back when it recovers.
    low[at] = Math.min(Math.max(0, quick), 2 * h);
    if (sum > 0) {
      if (small[at] === 0) left[at] = night;
      small[at] = Math.min(sum, 2 * far);
      const total = (lost[at] = (lost[at] as number) + residual);
      const nights = (lostCount[at] = (lostCount[at] as number) + 1);
      if ((quick > h || sum > far) && -total >= margin * nights) bits |= SHIFT;
    } else {
      small[at] = 0;
      zero[at] = night;
      lost[at] = 0;
      lostCount[at] = 0;
    }

    const variance = recentVariance[at] as number;
    const gain = Math.max(LAMBDA, variance / (1 + variance));
    const mean = (recent[at] = (recent[at] as number) + gain * (residual - (recent[at] as number)));
    const spread = (recentVariance[at] = (1 - gain) ** 2 * variance + gain * gain);
    if (depth === 0) {
      // NaN compares false: a track without acceptance, or younger than 30 nights, has no such rule.
      const below = mean + base + margin;
      const least = -ACCEPTANCE_ERRORS * sigma;
      const bought = accepted[at] as number;
      const early = first[at] as number;
      if (
        below - bought < least * Math.sqrt(spread + 1 / n + 1 / (trials[at] as number)) ||
        below - early < least * Math.sqrt(spread + 1 / n + 1 / FIRST)
      ) {
        bits |= ACCEPTANCE;
      }
      if (!(value < bought) && !(value < early)) good[at] = night;
      if (young && (small[at] as number) < far / 2) {
        const pull = Math.max(-WINSOR * sigma, Math.min(WINSOR * sigma, residual));
        level[at] = base + pull / (n + 1);
        count[at] = n + 1;
        if (n + 1 >= FIRST && Number.isNaN(early)) first[at] = level[at] as number;
      }
    }
    found[at] = bits;
  }
}
