/** A shift of the fleet's level within the last two weeks, told from nights that resemble their neighbours. */
import tQuantile from '@stdlib/stats-base-dists-t-quantile';

/** Nights of the new level that are tried, nights before it that are looked at, and those that there must be. */
const TRIED = { least: 2, most: 14 } as const;
const BEFORE = { least: 10, most: 50 } as const;
/** P of one night's look at one step, on a stable fleet: calibrated by `bench -- nightly`. */
const P = 1e-5;
/** Nights that stand behind a spread that is estimated from differences of as many again. */
const DEGREES = 0.5;

/** How the fleet's nights scatter. */
export interface ShiftNoise {
  /** Of one night about its level (ln), with what the doubtful part of the autocorrelation adds to sums. */
  readonly sigma: number;
  /** Autocorrelation that is beyond doubt. */
  readonly certain: number;
  /** Factor of a heavy lower tail. */
  readonly tail: number;
}

/** The step that the nights speak for most. */
export interface FleetShift {
  /** Index of the first night of the new level. */
  readonly from: number;
  /** Level before it (ln), and the loss (ln, positive). */
  readonly reference: number;
  readonly loss: number;
}

/**
 * Generalised least squares of a step in AR(1) noise, for each night on which it may have begun.
 *
 * @param values level by night (ln), oldest first
 * @returns undefined: no step downwards is beyond chance
 */
export function fleetShift(
  values: readonly number[],
  { sigma, certain, tail }: ShiftNoise,
): FleetShift | undefined {
  const innovation = sigma * Math.sqrt(1 - certain * certain) * tail;
  const least = -tQuantile(P, Math.max(1, DEGREES * values.length));
  let best: FleetShift | undefined;
  let most = least;
  for (let nights = TRIED.least; nights <= TRIED.most; nights += 1) {
    const cut = values.length - nights;
    if (cut < BEFORE.least) break;
    const step = stepAt(values.slice(Math.max(0, cut - BEFORE.most)), nights, certain);
    const t = -step.shift / (innovation * step.error);
    if (t > most) {
      most = t;
      best = { from: cut, reference: step.level, loss: -step.shift };
    }
  }
  return best;
}

/**
 * Level and step by least squares on what each night adds to what the one before foretold.
 *
 * @param nights of the new level, the last ones
 * @returns `error`: standard error of the shift in units of what a night adds
 */
function stepAt(values: readonly number[], nights: number, rho: number) {
  const later = 1 - rho;
  const cut = values.length - nights;
  const first = values[0] as number;
  const ownLevel = 1 - rho * rho + (values.length - 1) * later * later;
  const ownStep = 1 + (nights - 1) * later * later;
  const both = later + (nights - 1) * later * later;
  let level = (1 - rho * rho) * first;
  let step = 0;
  for (let at = 1; at < values.length; at += 1) {
    const added = (values[at] as number) - rho * (values[at - 1] as number);
    level += later * added;
    if (at >= cut) step += (at === cut ? 1 : later) * added;
  }
  const determinant = ownLevel * ownStep - both * both;
  return {
    level: (ownStep * level - both * step) / determinant,
    shift: (ownLevel * step - both * level) / determinant,
    error: Math.sqrt(ownLevel / determinant),
  };
}
