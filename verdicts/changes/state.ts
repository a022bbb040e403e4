/** What a panel carries from night to night: a few numbers a series, in typed arrays. */
import type { Alarm, Panel, Part, SeriesSubject } from './model.ts';

/** Numbers kept of each track, index = its place. ln scale, worse = negative, whichever way the metric is better. */
export interface Tracks {
  /** Baseline less the fleet's level; NaN: none yet. */
  level: Float64Array;
  /** Visits (and acceptance trials) in `level`. */
  count: Float64Array;
  /** `level` as it stood after the first 30; NaN before. */
  first: Float64Array;
  /** Accepted level; NaN: not known. */
  accepted: Float64Array;
  /** Trials behind `accepted`. */
  trials: Float64Array;
  /** Exponentially weighted mean of the residuals, and its variance in units of theirs. */
  recent: Float64Array;
  recentVariance: Float64Array;
  /** One-sided lower CUSUMs, in sigmas: quick at large shifts, and at small ones. */
  low: Float64Array;
  small: Float64Array;
  /** Night (index) of the last visit with `small` at zero, and of the first one after it. */
  zero: Float64Array;
  left: Float64Array;
  /** Night of the last visit that was as good as the reference of the acceptance rule; −1: none. */
  good: Float64Array;
  /** Residuals since then: sum and how many. */
  lost: Float64Array;
  lostCount: Float64Array;
  /** Last two residuals with the level in them, for the autocorrelation; NaN: not yet. */
  last: Float64Array;
  before: Float64Array;
  /** Loss of an alarm that stands (ln, positive): what is known already. */
  known: Float64Array;
}

/** Spread and autocorrelation, pooled over the tracks of one sort. */
export interface Noise {
  /** Clipped squares of differences one and two visits apart: sums and counts. */
  squares: [one: number, two: number];
  counts: [one: number, two: number];
  /** The latest absolute differences, for a robust scale. */
  differences: Float64Array;
  differencesSeen: number;
  /** The latest standardised residuals, for the lower tail. */
  residuals: Float64Array;
  residualsSeen: number;
  /** Factor of the lower tail as last looked at; 1 = Gaussian. */
  tail: number;
  /** Largest difference that counts as noise, as last looked at. */
  clip: number;
}

/** Subjects with a part in common, as a series of its own: the median of its members. */
export interface Group {
  readonly part: Part;
  readonly members: Int32Array;
}

/** The fleet's own level night by night, relative to the baseline (ln), the last 120 at most. */
export interface FleetLevel {
  dates: string[];
  values: number[];
  recent: number;
  recentVariance: number;
  /** Mean of the first 30 nights, for fleets without acceptance values. */
  first: number;
  firstCount: number;
  /** True: levels started at acceptance, 0 is what was accepted. */
  accepted: boolean;
}

/** Everything that the next night needs; `detectNight` and `settleAlarm` change it in place. */
export interface PanelState {
  readonly panel: Omit<Panel, 'subjects'>;
  subjects: SeriesSubject[];
  /** Subject id → index. */
  index: Map<string, number>;
  tracks: Tracks;
  groups: Group[];
  groupTracks: Tracks;
  noise: Noise;
  groupNoise: Noise;
  fleet: FleetLevel;
  /** Dates of all nights, oldest first. */
  dates: string[];
  /** Ids of declared changes that have taken effect. */
  declared: Set<string>;
  /** Alarms that were confirmed and not closed. */
  open: Alarm[];
}

/** Differences kept for the robust scale, and residuals for the tail. */
export const KEPT = 2048;
/** Nights of the fleet's level that are looked back on. */
export const FLEET_NIGHTS = 120;

/** Fields of `Tracks` with the value of a track that has seen nothing. */
export const TRACK_FIELDS: Readonly<Record<keyof Tracks, number>> = {
  level: NaN,
  count: 0,
  first: NaN,
  accepted: NaN,
  trials: 0,
  recent: 0,
  recentVariance: 1,
  low: 0,
  small: 0,
  zero: -1,
  left: -1,
  good: -1,
  lost: 0,
  lostCount: 0,
  last: NaN,
  before: NaN,
  known: 0,
};

/** Tracks that have seen nothing. */
export function emptyTracks(size: number): Tracks {
  const tracks: Partial<Tracks> = {};
  for (const [field, value] of Object.entries(TRACK_FIELDS)) {
    tracks[field as keyof Tracks] = new Float64Array(size).fill(value);
  }
  return tracks as Tracks;
}

/** No difference seen yet. */
export function emptyNoise(): Noise {
  return {
    squares: [0, 0],
    counts: [0, 0],
    differences: new Float64Array(KEPT),
    differencesSeen: 0,
    residuals: new Float64Array(KEPT),
    residualsSeen: 0,
    tail: 1,
    clip: Infinity,
  };
}
