/** One night of one panel: every series stepped, and what looks worse raised as alarms to be confirmed. */
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { takeDeclared } from './declared.ts';
import { addFleetNight, fleetFindings } from './fleet-rules.ts';
import { medianInPlace } from './median.ts';
import type { Alarm, Begun, Night } from './model.ts';
import {
  addDifferences,
  clipOf,
  keepDifference,
  keepResidual,
  lowerTail,
  spreadOf,
  type Spread,
} from './noise.ts';
import { referenceOf, toLog } from './panel.ts';
import { raiseAlarms, refreshAlarm } from './raise-alarms.ts';
import type { Measured } from './measured.ts';
import { KEPT, type PanelState } from './state.ts';
import { stepTracks, type Tonight } from './step-tracks.ts';

/** Subjects that must be seen before their median is taken for the common mode. */
const LEAST_COMMON = 5;
/** The median of n scatters as sqrt(pi/2)/sqrt(n) of one. */
const MEDIAN = Math.sqrt(Math.PI / 2);
/** A drop in one night: this many sigmas; more while sigma rests on few differences. */
const DROP = { sigmas: 8, p: 1e-5, sure: 60 } as const;
/** Subjects whose differences are kept each night for the robust scale. */
const KEEP_A_NIGHT = 64;
/** Nights between two looks at the tail, once as much is known as is kept. */
const LOOK_ANEW = 8;

/** Tonight's alarms: each needs fresh runs before it is told, or closed. */
export interface NightResult {
  /** New ones. */
  readonly raised: readonly Alarm[];
  /** Confirmed on an earlier night and still open, with what a healthy run would give tonight. */
  readonly standing: readonly Alarm[];
  /** Declared changes that took effect tonight. */
  readonly begun: readonly Begun[];
}

/**
 * Takes one night into the state, in place, at a cost proportional to its subjects.
 *
 * @param state of all nights before
 * @param night later than the last one; only subjects of the panel (see `addSubjects`)
 * @throws Error for a night out of order, an unknown subject or a value that is none: the caller's bugs
 */
export function detectNight(state: PanelState, night: Night): NightResult {
  return detectLogs(state, night.date, logsOf(state, night), night.declared);
}

/**
 * As `detectNight`, from values on the common scale already.
 *
 * @param logs ln value by index of the subject, more is better (`toLog`); NaN = not seen
 */
export function detectLogs(
  state: PanelState,
  date: string,
  logs: Float64Array,
  declared: Night['declared'],
): NightResult {
  const latest = state.dates.at(-1);
  if (latest !== undefined && !(date > latest)) {
    throw new Error(`night ${date} does not come after ${latest}`);
  }
  const begun = takeDeclared(state, declared, date);
  state.dates.push(date);
  const measured = step(state, date, logs);
  // A night on which nobody was seen says nothing new of the fleet.
  const findings =
    measured.seen > 0 ? fleetFindings(state.fleet, state.panel.margin, measured.spread) : [];
  return {
    raised: raiseAlarms(state, measured, findings, declared),
    standing: state.open.map((alarm) => refreshAlarm(state, measured, alarm)),
    begun,
  };
}

function logsOf(state: PanelState, night: Night): Float64Array {
  const logs = new Float64Array(state.subjects.length).fill(NaN);
  for (const [subject, value] of night.values) {
    const at = state.index.get(subject);
    if (at === undefined) throw new Error(`${subject} is not in the panel`);
    if (!(value > 0) || value === Infinity) throw new Error(`${subject}: ${value} is no value`);
    logs[at] = toLog(state.panel.better, value);
  }
  return logs;
}

/** @param logs as `Measured.logs` */
function step(state: PanelState, date: string, logs: Float64Array): Measured {
  const { tracks, noise, panel } = state;
  const night = state.dates.length - 1;
  const size = logs.length;
  const scratch = new Float64Array(size);
  let seen = 0;
  for (let at = 0; at < size; at += 1) {
    const off = (logs[at] as number) - (tracks.level[at] as number) + (tracks.known[at] as number);
    if (!Number.isNaN(off)) scratch[seen++] = off;
  }
  const level = seen === 0 ? 0 : medianInPlace(scratch, seen);
  const common = seen >= LEAST_COMMON ? level : 0;
  if (seen > 0) addFleetNight(state.fleet, date, level);

  const margin = -Math.log1p(-panel.margin);
  if (night % LOOK_ANEW === 0 || noise.differencesSeen < 2 * KEPT) {
    noise.tail = lowerTail(noise);
    noise.clip = clipOf(noise);
  }
  const spread = spreadOf(noise, panel.repeatability);
  const sigmas = new Float64Array(size).fill(Math.max(spread.effective, margin / 3));
  const x = scratch;
  for (let at = 0; at < size; at += 1) x[at] = (logs[at] as number) - common;
  keep(state, x, night, spread.sigma);
  const found = new Uint8Array(size);
  const tonight = { night, margin, drop: dropAt(spread.degrees), tail: spread.tail };
  addDifferences(noise, tracks, x, noise.clip);
  stepTracks(tracks, x, sigmas, tonight, found);
  return {
    night,
    logs,
    common,
    seen,
    spread,
    found,
    groupFound: stepGroups(state, x, spread, tonight),
  };
}

/** Sigmas that a drop in one night must have. */
function dropAt(degrees: number): number {
  return degrees >= DROP.sure
    ? DROP.sigmas
    : Math.max(DROP.sigmas, -tQuantile(DROP.p, Math.max(1, degrees)));
}

/** Keeps a few subjects' differences and residuals, others each night. */
function keep(state: PanelState, x: Float64Array, night: number, sigma: number): void {
  const { tracks, noise } = state;
  const stride = Math.max(1, Math.floor(x.length / KEEP_A_NIGHT));
  for (let at = night % stride; at < x.length; at += stride) {
    const value = x[at] as number;
    if (Number.isNaN(value)) continue;
    const was = tracks.last[at] as number;
    if (!Number.isNaN(was)) keepDifference(noise, value - was);
    const n = tracks.count[at] as number;
    if (n >= 5 && sigma > 0 && tracks.known[at] === 0) {
      const residual = value - (tracks.level[at] as number);
      keepResidual(noise, residual / (sigma * Math.sqrt(1 + 1 / n)));
    }
  }
}

/** Groups: the median of the members seen, on a level of 0 that needs no learning. */
function stepGroups(
  state: PanelState,
  x: Float64Array,
  spread: Spread,
  tonight: Tonight,
): Uint8Array {
  const { groups, groupTracks, groupNoise, tracks } = state;
  const found = new Uint8Array(groups.length);
  if (groups.length === 0) return found;
  const values = new Float64Array(groups.length).fill(NaN);
  const sigmas = new Float64Array(groups.length);
  const units = new Float64Array(groups.length).fill(1);
  const scratch = new Float64Array(x.length);
  // Differences of groups are pooled in units of one subject's.
  const own = spreadOf(groupNoise);
  const one = own.degrees >= 30 ? Math.max(own.effective, spread.effective) : spread.effective;
  for (const [at, { members }] of groups.entries()) {
    let seen = 0;
    for (const member of members) {
      const residual =
        (x[member] as number) - (tracks.level[member] as number) + (tracks.known[member] as number);
      if (!Number.isNaN(residual)) scratch[seen++] = residual;
    }
    if (seen < 2) continue;
    units[at] = MEDIAN / Math.sqrt(seen);
    values[at] = medianInPlace(scratch, seen);
    sigmas[at] = Math.max(one * units[at], tonight.margin / 3);
  }
  if (tonight.night % LOOK_ANEW === 0) groupReferences(state);
  addDifferences(groupNoise, groupTracks, values, Infinity, units);
  stepTracks(groupTracks, values, sigmas, tonight, found);
  return found;
}

/** Where a group's level was bought, relative to its members' baselines: what the acceptance rule measures from. */
function groupReferences({ groups, groupTracks, tracks }: PanelState): void {
  for (const [at, { members }] of groups.entries()) {
    const above = Float64Array.from(members, (one) => referenceOf(tracks, one)).map(
      (reference, i) => reference - (tracks.level[members[i] as number] as number),
    );
    const known = above.filter((one) => !Number.isNaN(one));
    groupTracks.first[at] =
      2 * known.length > members.length ? medianInPlace(known, known.length) : NaN;
  }
}
