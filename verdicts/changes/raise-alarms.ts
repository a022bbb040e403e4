/** From what the series show tonight to alarms: who, since when, how much, near which declared change, tested how. */
import { touches } from './declared.ts';
import { fleetSpread, type FleetFinding } from './fleet-rules.ts';
import type { Alarm, Declared, Rule, Scope } from './model.ts';
import type { Measured } from './measured.ts';
import { medianInPlace } from './median.ts';
import { fromLog, referenceOf } from './panel.ts';
import { resolveGroups, type SlowGroup } from './scope.ts';
import type { Group, PanelState, Tracks } from './state.ts';
import { ACCEPTANCE, DROP, SHIFT } from './step-tracks.ts';

/** Fresh runs of the first round: of one subject; a group's and a fleet's are spread over so many of them. */
const RUNS = 3;
const GROUP_SAMPLE = 6;
const FLEET_SAMPLE = 8;
/** Subjects named in an alarm. */
const NAMED = 64;
/** Days about the change point in which a declared change is named. */
const NEAR_DAYS = 7;
/** Sigmas by which a subject must be worse than its group to be a case of its own. */
const WORSE_THAN_GROUP = 4;

/** What an alarm is made from, before it has words. */
interface Case {
  readonly scope: Scope;
  readonly rules: readonly Rule[];
  readonly since: string;
  readonly lastGood?: string;
  readonly loss: number;
  readonly affected: readonly number[];
  readonly sample: readonly number[];
  /** ln level of a healthy run tonight. */
  readonly expected: (at: number) => number;
  readonly sigma: number;
}

/** New alarms of tonight; none for a culprit whose alarm stands already. */
export function raiseAlarms(
  state: PanelState,
  measured: Measured,
  findings: readonly FleetFinding[],
  declared: readonly Declared[],
): readonly Alarm[] {
  const quiet = (found: Uint8Array) => found.every((bits) => bits === 0);
  if (findings.length === 0 && quiet(measured.found) && quiet(measured.groupFound)) return [];
  const residuals = residualsOf(state, measured);
  const fleet = findings.length === 0 ? undefined : fleetCase(state, measured, findings);
  const slow = resolveGroups(state, slowGroups(state, measured, residuals), residuals);
  const explained = new Map<number, number>();
  for (const { at, loss } of slow) {
    for (const member of (state.groups[at] as Group).members) explained.set(member, loss);
  }
  // Without a common mode to take off, a fleet that is slower makes each of its subjects so.
  const all = fleet !== undefined && measured.common === 0 ? fleet.loss : 0;
  const enough =
    2 * -Math.log1p(-state.panel.margin) + WORSE_THAN_GROUP * measured.spread.effective;
  const cases: Case[] = fleet === undefined ? [] : [fleet];
  for (const one of slow) cases.push(groupCase(state, measured, one, residuals));
  for (const [at, bits] of measured.found.entries()) {
    if (bits === 0) continue;
    const elsewhere = explained.get(at) ?? all;
    const own = subjectCase(state, measured, at, bits);
    if (elsewhere === 0 || own.loss > elsewhere + enough) cases.push(own);
  }
  const alarms = new Map<string, Alarm>();
  for (const alarm of cases.map((one) => alarmOf(state, measured, one, declared))) {
    if (state.open.some((open) => open.id === alarm.id)) continue;
    // A fleet of one subject is that subject: two rules, one alarm.
    const same = alarms.get(alarm.id);
    const rules = [...new Set([...(same?.rules ?? []), ...alarm.rules])];
    alarms.set(alarm.id, { ...(same ?? alarm), rules });
  }
  return [...alarms.values()];
}

/** An open alarm with what a healthy run gives tonight; a fleet's is what it was, with no common mode to follow. */
export function refreshAlarm(state: PanelState, measured: Measured, alarm: Alarm): Alarm {
  if (alarm.scope.kind === 'fleet') return alarm;
  const retest = alarm.retest.map((one) => {
    const at = state.index.get(one.subject) as number;
    return { ...one, expected: fromLog(state.panel.better, healthy(state, at) + measured.common) };
  });
  return { ...alarm, retest };
}

/** Tonight's distance of each subject from its baseline, known losses left out; NaN = not seen. */
function residualsOf(state: PanelState, { logs, common }: Measured): Float64Array {
  const { level, known } = state.tracks;
  return logs.map((log, at) => log - common - (level[at] as number) + (known[at] as number));
}

/** ln level without any loss. */
function healthy(state: PanelState, at: number): number {
  return state.tracks.level[at] as number;
}

function fleetCase(state: PanelState, measured: Measured, findings: readonly FleetFinding[]): Case {
  const { fleet, tracks } = state;
  const first = findings[0] as FleetFinding;
  const seen = [...measured.logs.keys()].filter(
    (at) => !Number.isNaN(measured.logs[at] as number) && !Number.isNaN(tracks.level[at] as number),
  );
  const only = state.subjects.length === 1 ? state.subjects[0] : undefined;
  const lastGood = fleet.dates[first.from - 1];
  return {
    scope: only === undefined ? { kind: 'fleet' } : { kind: only.kind, id: only.id },
    rules: [...new Set(findings.map((one) => one.rule))],
    since: fleet.dates[first.from] as string,
    ...(lastGood === undefined ? {} : { lastGood }),
    loss: first.loss,
    affected: seen,
    sample: spread(seen, FLEET_SAMPLE),
    expected: (at) => healthy(state, at) - (tracks.known[at] as number) + first.reference,
    sigma: Math.hypot(confirmSigma(measured), fleetSpread(fleet.values).sigma),
  };
}

function slowGroups(state: PanelState, measured: Measured, residuals: Float64Array): SlowGroup[] {
  return [...measured.groupFound.entries()]
    .filter(([, bits]) => bits !== 0)
    .map(([at, bits]) => {
      const { first, recent } = state.groupTracks;
      const decayed = (first[at] as number) - (recent[at] as number);
      if (bits === ACCEPTANCE) return { at, loss: decayed };
      const { members } = state.groups[at] as Group;
      const loss = isSudden(bits)
        ? tonightsLoss(members, residuals)
        : meanLoss(state.groupTracks, at);
      return { at, loss };
    });
}

function groupCase(
  state: PanelState,
  measured: Measured,
  { at, loss }: SlowGroup,
  residuals: Float64Array,
): Case {
  const { part, members } = state.groups[at] as Group;
  const bits = measured.groupFound[at] as number;
  const decay = bits === ACCEPTANCE;
  const seen = [...members].filter((one) => !Number.isNaN(residuals[one] as number));
  return {
    scope: { kind: part.kind, id: part.id },
    rules: rulesOf(bits),
    ...(isSudden(bits) ? lastNight(state) : when(state, state.groupTracks, at, decay)),
    loss,
    affected: decay ? seen : seen.filter((one) => (residuals[one] as number) < -loss / 2),
    // Spread, not the worst: the worst of many are low by luck too.
    sample: spread(seen, GROUP_SAMPLE),
    expected: (one) =>
      measured.common +
      (decay
        ? referenceOf(state.tracks, one)
        : healthy(state, one) - (state.tracks.known[one] as number)),
    sigma: confirmSigma(measured),
  };
}

function subjectCase(state: PanelState, measured: Measured, at: number, bits: number): Case {
  const { tracks } = state;
  const { kind, id } = state.subjects[at] as PanelState['subjects'][number];
  const decay = bits === ACCEPTANCE;
  const tonight = (measured.logs[at] as number) - measured.common;
  const sudden = isSudden(bits);
  const reference = decay
    ? referenceOf(tracks, at)
    : healthy(state, at) - (tracks.known[at] as number);
  return {
    scope: { kind, id },
    rules: rulesOf(bits),
    ...(sudden ? lastNight(state) : when(state, tracks, at, decay)),
    loss: decay
      ? reference - (tracks.recent[at] as number) - (tracks.level[at] as number)
      : sudden
        ? reference - tonight
        : meanLoss(tracks, at),
    affected: [at],
    sample: [at],
    expected: () => reference + measured.common,
    sigma: confirmSigma(measured),
  };
}

/** One fresh run about its expectation: the night is in it, and the tail. */
function confirmSigma({ spread: { sigma, tail } }: Measured): number {
  return sigma * tail;
}

/** One night alone: what the CUSUM gathered before it is no part of it. */
function isSudden(bits: number): boolean {
  return (bits & SHIFT) === 0 && (bits & DROP) !== 0;
}

function tonightsLoss(members: Int32Array, residuals: Float64Array): number {
  const seen = Float64Array.from(members, (one) => residuals[one] as number).filter(
    (one) => !Number.isNaN(one),
  );
  return -medianInPlace(seen, seen.length);
}

function meanLoss(tracks: Tracks, at: number): number {
  return -(tracks.lost[at] as number) / Math.max(1, tracks.lostCount[at] as number);
}

function rulesOf(bits: number): Rule[] {
  const rules: Rule[] = [];
  if ((bits & SHIFT) !== 0) rules.push('shift');
  if ((bits & DROP) !== 0) rules.push('drop');
  if ((bits & ACCEPTANCE) !== 0) rules.push('acceptance');
  return rules;
}

/** The change point: where the CUSUM left zero; of a decay, the visit after the last good one. */
function when(
  state: PanelState,
  tracks: Tracks,
  at: number,
  decay: boolean,
): Pick<Case, 'since' | 'lastGood'> {
  const good = (decay ? tracks.good[at] : tracks.zero[at]) as number;
  const from = decay ? good + 1 : (tracks.left[at] as number);
  const lastGood = state.dates[good];
  const since = (state.dates[from] ?? state.dates.at(-1)) as string;
  return { since, ...(lastGood === undefined ? {} : { lastGood }) };
}

/** A drop of tonight: the change lies after the night before. */
function lastNight({ dates }: PanelState): Pick<Case, 'since' | 'lastGood'> {
  const lastGood = dates.at(-2);
  return { since: dates.at(-1) as string, ...(lastGood === undefined ? {} : { lastGood }) };
}

/** Up to `count` of them, evenly. */
function spread(of: readonly number[], count: number): number[] {
  const step = Math.max(1, of.length / count);
  return Array.from(
    { length: Math.min(count, of.length) },
    (_, at) => of[Math.floor(at * step)] as number,
  );
}

function alarmOf(
  state: PanelState,
  measured: Measured,
  one: Case,
  declared: readonly Declared[],
): Alarm {
  const { delivery, metric, parameters, better, margin } = state.panel;
  const residuals = residualsOf(state, measured);
  const subject = (at: number) => state.subjects[at] as PanelState['subjects'][number];
  const worst = [...one.affected].sort(
    (a, b) => (residuals[a] as number) - (residuals[b] as number),
  );
  const near = declared
    .filter((change) => one.affected.some((at) => touches(change, subject(at))))
    .map((change) => ({ change, nights: daysBetween(one.since, change.date) }))
    .filter(({ change, nights }) => {
      const before = daysBetween(one.lastGood ?? one.since, change.date);
      return nights <= NEAR_DAYS && before >= -NEAR_DAYS;
    })
    .sort((a, b) => Math.abs(a.nights) - Math.abs(b.nights));
  const named = 'id' in one.scope ? `${one.scope.kind} ${one.scope.id}` : one.scope.kind;
  const keys = Object.keys(parameters).sort();
  const series = [metric, ...keys.map((key) => `${key}=${String(parameters[key])}`)].join(' ');
  return {
    id: `${delivery} · ${series} · ${named}`,
    delivery,
    metric,
    parameters,
    scope: one.scope,
    rules: one.rules,
    raised: state.dates.at(-1) as string,
    since: one.since,
    ...(one.lastGood === undefined ? {} : { lastGood: one.lastGood }),
    loss: -Math.expm1(-one.loss),
    affected: one.affected.length,
    subjects: worst.slice(0, NAMED).map((at) => subject(at).id),
    near,
    retest: one.sample.map((at) => ({
      subject: subject(at).id,
      expected: fromLog(better, one.expected(at)),
    })),
    runs: Math.max(RUNS, one.sample.length),
    sigma: Math.max(one.sigma, 1e-6),
    margin,
    better,
  };
}

/** Days from one YYYY-MM-DD to another. */
function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}
