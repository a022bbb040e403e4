/** A panel's state: begun, grown by a new subject, stored as JSON and loaded again. */
import type { Alarm, Panel, Part, SeriesSubject } from './model.ts';
import {
  emptyNoise,
  emptyTracks,
  TRACK_FIELDS,
  type FleetLevel,
  type Group,
  type Noise,
  type PanelState,
  type Tracks,
} from './state.ts';

/** Acceptance trials count as this many nights of baseline at most: the nights have the say after a while. */
const TRIALS_WEIGHT = 10;
/** A part is followed as a series when this many of its subjects are in the panel. */
const LEAST_MEMBERS = 3;
/** More than any baseline needs to stand still. */
const SETTLED_COUNT = 1e6;

/**
 * Raise it when a field comes, goes or changes its meaning. There is no migration: the state is a cache, and the
 * history has every night from which it is computed again.
 */
const SCHEMA = 'assay/changes/1';

/** What `storePanel` gives: plain JSON, 9 significant digits. */
export interface StoredPanel {
  readonly schema: typeof SCHEMA;
  readonly panel: PanelState['panel'];
  readonly subjects: readonly SeriesSubject[];
  readonly tracks: Readonly<Record<keyof Tracks, readonly (number | null)[]>>;
  readonly groupTracks: Readonly<Record<keyof Tracks, readonly (number | null)[]>>;
  readonly noise: StoredNoise;
  readonly groupNoise: StoredNoise;
  readonly fleet: FleetLevel;
  readonly dates: readonly string[];
  readonly declared: readonly string[];
  readonly open: readonly Alarm[];
}

type StoredNoise = Omit<Noise, 'differences' | 'residuals' | 'clip'> & {
  /** null: none yet. */
  readonly clip: number | null;
  readonly differences: readonly number[];
  readonly residuals: readonly number[];
};

/**
 * The state before the first night. Levels start at what was accepted, where that is known.
 *
 * @param panel its subjects may be none yet: `addSubjects` takes more at any time
 */
export function startPanel(panel: Panel): PanelState {
  const { subjects, ...rest } = panel;
  const state: PanelState = {
    panel: rest,
    subjects: [],
    index: new Map(),
    tracks: emptyTracks(0),
    groups: [],
    groupTracks: emptyTracks(0),
    noise: emptyNoise(),
    groupNoise: emptyNoise(),
    fleet: {
      dates: [],
      values: [],
      recent: 0,
      recentVariance: 1,
      first: 0,
      firstCount: 0,
      accepted: false,
    },
    dates: [],
    declared: new Set(),
    open: [],
  };
  addSubjects(state, subjects);
  return state;
}

/** Adds subjects that were never in the panel, in place; one that is there already keeps its series and gets its new parts. */
export function addSubjects(state: PanelState, subjects: readonly SeriesSubject[]): void {
  const known = state.subjects.length;
  let moved = false;
  for (const subject of subjects) {
    const at = state.index.get(subject.id);
    if (at === undefined) {
      state.index.set(subject.id, state.subjects.length);
      state.subjects.push(subject);
      continue;
    }
    const was = state.subjects[at] as SeriesSubject;
    if (sameParts(was.parts, subject.parts)) continue;
    moved = true;
    state.subjects[at] = { ...was, parts: subject.parts };
  }
  const size = state.subjects.length;
  if (size === known && !moved) return;
  state.tracks = grown(state.tracks, size);
  const { level, count, accepted, trials } = state.tracks;
  for (let at = known; at < size; at += 1) {
    const was = (state.subjects[at] as SeriesSubject).accepted;
    if (was === undefined || !(was.value > 0)) continue;
    accepted[at] = level[at] = toLog(state.panel.better, was.value);
    trials[at] = was.trials;
    count[at] = Math.min(was.trials, TRIALS_WEIGHT);
    if (state.dates.length === 0) state.fleet.accepted = true;
  }
  regroup(state);
}

function sameParts(a: readonly Part[], b: readonly Part[]): boolean {
  return (
    a.length === b.length && a.every(({ kind, id }, at) => kind === b[at]?.kind && id === b[at].id)
  );
}

/** ln of a value, turned over where lower is better: more is better, always. */
export function toLog(better: Panel['better'], value: number): number {
  return better === 'higher' ? Math.log(value) : -Math.log(value);
}

/** The value in Metric.unit again. */
export function fromLog(better: Panel['better'], log: number): number {
  return Math.exp(better === 'higher' ? log : -log);
}

/** What the acceptance rule measures a subject from (ln): accepted, or the first 30 nights if more; NaN: neither yet. */
export function referenceOf({ accepted, first }: Tracks, at: number): number {
  const bought = accepted[at] as number;
  const early = first[at] as number;
  if (Number.isNaN(bought)) return early;
  return Number.isNaN(early) ? bought : Math.max(bought, early);
}

/** As plain JSON; `loadPanel` gives the same state from it, to 9 digits. */
export function storePanel(state: PanelState): StoredPanel {
  return {
    schema: SCHEMA,
    panel: state.panel,
    subjects: state.subjects,
    tracks: storedTracks(state.tracks),
    groupTracks: storedTracks(state.groupTracks),
    noise: storedNoise(state.noise),
    groupNoise: storedNoise(state.groupNoise),
    fleet: { ...state.fleet, values: state.fleet.values.map(rounded) },
    dates: state.dates,
    declared: [...state.declared],
    open: state.open,
  };
}

/**
 * @param stored as `storePanel` gave it
 * @throws Error for another version's, or one that lacks a field: the nights are then to be taken in again
 */
export function loadPanel(stored: StoredPanel): PanelState {
  const schema: string = stored.schema;
  if (schema !== SCHEMA) throw new Error(`${schema} is not ${SCHEMA}`);
  const state = startPanel({ ...stored.panel, subjects: stored.subjects });
  state.tracks = loadedTracks(stored.tracks);
  state.groupTracks = loadedTracks(stored.groupTracks);
  state.noise = loadedNoise(stored.noise);
  state.groupNoise = loadedNoise(stored.groupNoise);
  state.fleet = {
    ...stored.fleet,
    dates: [...stored.fleet.dates],
    values: [...stored.fleet.values],
  };
  state.dates = [...stored.dates];
  state.declared = new Set(stored.declared);
  state.open = [...stored.open];
  return state;
}

/** Groups of the subjects as they are now; those that were there before keep their tracks. */
function regroup(state: PanelState): void {
  const members = new Map<string, { part: Group['part']; at: number[] }>();
  for (const [at, { parts }] of state.subjects.entries()) {
    for (const part of parts) {
      const key = `${part.kind} ${part.id}`;
      const group = members.get(key) ?? { part, at: [] };
      if (group.at.at(-1) !== at) group.at.push(at);
      members.set(key, group);
    }
  }
  const groups = [...members.values()].filter((one) => one.at.length >= LEAST_MEMBERS);
  const tracks = emptyTracks(groups.length);
  for (const [to, { part }] of groups.entries()) {
    const from = state.groups.findIndex(
      (one) => one.part.kind === part.kind && one.part.id === part.id,
    );
    for (const field of Object.keys(TRACK_FIELDS) as (keyof Tracks)[]) {
      if (from >= 0) tracks[field][to] = state.groupTracks[field][from] as number;
    }
  }
  for (let at = 0; at < groups.length; at += 1) {
    // A group is the median of residuals: its level is 0 and never learnt.
    tracks.level[at] = 0;
    tracks.count[at] = SETTLED_COUNT;
  }
  state.groups = groups.map(({ part, at }) => ({ part, members: Int32Array.from(at) }));
  state.groupTracks = tracks;
}

function grown(tracks: Tracks, size: number): Tracks {
  const larger = emptyTracks(size);
  for (const field of Object.keys(TRACK_FIELDS) as (keyof Tracks)[]) {
    larger[field].set(tracks[field]);
  }
  return larger;
}

function rounded(value: number): number {
  return Number(value.toPrecision(9));
}

function storedTracks(tracks: Tracks): StoredPanel['tracks'] {
  const stored: Partial<Record<keyof Tracks, (number | null)[]>> = {};
  for (const field of Object.keys(TRACK_FIELDS) as (keyof Tracks)[]) {
    stored[field] = Array.from(tracks[field], (one) => (Number.isNaN(one) ? null : rounded(one)));
  }
  return stored as StoredPanel['tracks'];
}

function loadedTracks(stored: StoredPanel['tracks']): Tracks {
  const tracks: Partial<Tracks> = {};
  for (const field of Object.keys(TRACK_FIELDS) as (keyof Tracks)[]) {
    tracks[field] = Float64Array.from(stored[field], (one) => one ?? NaN);
  }
  return tracks as Tracks;
}

function storedNoise(noise: Noise): StoredNoise {
  const kept = (ring: Float64Array, seen: number) =>
    Array.from(ring.subarray(0, Math.min(seen, ring.length)), rounded);
  return {
    ...noise,
    differences: kept(noise.differences, noise.differencesSeen),
    residuals: kept(noise.residuals, noise.residualsSeen),
    clip: Number.isFinite(noise.clip) ? noise.clip : null,
  };
}

function loadedNoise(stored: StoredNoise): Noise {
  const noise = emptyNoise();
  noise.differences.set(stored.differences);
  noise.residuals.set(stored.residuals);
  return {
    ...noise,
    squares: [...stored.squares],
    counts: [...stored.counts],
    differencesSeen: stored.differencesSeen,
    residualsSeen: stored.residualsSeen,
    tail: stored.tail,
    clip: stored.clip ?? Infinity,
  };
}
