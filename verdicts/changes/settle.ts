/** What fresh runs said goes back into the state: an alarm opens, closes, or was none. */
import { rebaseline } from './declared.ts';
import type { Alarm, Confirmation } from './model.ts';
import { referenceOf } from './panel.ts';
import type { PanelState } from './state.ts';
import { QUICK, SMALL } from './step-tracks.ts';

/**
 * Takes the word of tonight's fresh runs on an alarm, raised or standing, in place. Confirmed: it is open (told once)
 * and its loss is left out of what is looked for next. Recovered: an open one is closed, a raised one was none.
 * Undecided: half of the evidence for a raised one is left, so that more
 * nights like it raise it again soon.
 *
 * @returns what there is to tell: `opened`, `closed`, or nothing new
 */
export function settleAlarm(
  state: PanelState,
  alarm: Alarm,
  { word, loss, passing }: Confirmation,
): 'opened' | 'closed' | undefined {
  const open = state.open.some((one) => one.id === alarm.id);
  if (word === 'recovered') {
    restart(state, alarm);
    if (!open) return undefined;
    forget(state, alarm);
    return 'closed';
  }
  if (word === 'undecided' && !open) restart(state, alarm, 0.5);
  if (open) state.open = state.open.map((one) => (one.id === alarm.id ? { ...one, passing } : one));
  if (word !== 'confirmed' || open) return undefined;
  const confirmed = { ...alarm, loss };
  state.open.push(confirmed);
  restart(state, alarm);
  const decayed = alarm.rules.every((rule) => rule === 'acceptance');
  for (const at of membersOf(state, alarm)) {
    // The baseline followed the decay, or was learnt in it: healthy is what was accepted.
    const reference = referenceOf(state.tracks, at);
    if (decayed && !Number.isNaN(reference)) state.tracks.level[at] = reference;
    state.tracks.known[at] = (state.tracks.known[at] as number) - Math.log1p(-loss);
  }
  return 'opened';
}

/**
 * A person closes an open alarm.
 *
 * @param accept true: the level as it is now is accepted from here on; false: it alarms again if it is still low
 * @returns false when no such alarm is open
 */
export function closeAlarm(state: PanelState, id: string, accept: boolean): boolean {
  const alarm = state.open.find((one) => one.id === id);
  if (alarm === undefined) return false;
  const members = membersOf(state, alarm);
  if (accept) for (const at of members) rebaseline(state, at, true);
  restart(state, alarm);
  forget(state, alarm);
  if (accept && alarm.scope.kind === 'fleet') {
    Object.assign(state.fleet, { dates: [], values: [], accepted: false, first: 0, firstCount: 0 });
    for (let at = 0; at < state.subjects.length; at += 1) rebaseline(state, at, true);
  }
  return true;
}

/** Subjects with the largest evidence of a loss so far: whom the next night should visit first. */
export function rankSuspects(state: PanelState, count: number): readonly string[] {
  const { small } = state.tracks;
  return [...small.keys()]
    .filter((at) => (small[at] as number) > 0)
    .sort((a, b) => (small[b] as number) - (small[a] as number))
    .slice(0, count)
    .map((at) => (state.subjects[at] as { id: string }).id);
}

/** Subjects that an alarm's loss is known of; none for a fleet, which has its own series. */
function membersOf(state: PanelState, { scope }: Alarm): readonly number[] {
  if (!('id' in scope)) return [];
  const own = state.index.get(scope.id);
  if (own !== undefined && state.subjects[own]?.kind === scope.kind) return [own];
  const group = state.groups.find(({ part }) => part.kind === scope.kind && part.id === scope.id);
  return [...(group?.members ?? [])];
}

/** @param rest share of the thresholds that is left of the evidence: with some, the change point is remembered */
function restart(state: PanelState, alarm: Alarm, rest = 0): void {
  const { scope } = alarm;
  const fresh = (tracks: PanelState['tracks'], at: number) => {
    tracks.low[at] = Math.min(tracks.low[at] as number, rest * QUICK.h);
    tracks.small[at] = Math.min(tracks.small[at] as number, rest * SMALL.h);
    if (rest > 0) return;
    tracks.lost[at] = 0;
    tracks.lostCount[at] = 0;
    tracks.zero[at] = state.dates.length - 1;
    tracks.recent[at] = 0;
    tracks.recentVariance[at] = 1;
  };
  for (const at of membersOf(state, alarm)) fresh(state.tracks, at);
  if (!('id' in scope)) return;
  const group = state.groups.findIndex(
    ({ part }) => part.kind === scope.kind && part.id === scope.id,
  );
  if (group >= 0) fresh(state.groupTracks, group);
}

function forget(state: PanelState, alarm: Alarm): void {
  const open = state.open.find((one) => one.id === alarm.id);
  if (open === undefined) return;
  state.open = state.open.filter((one) => one !== open);
  for (const at of membersOf(state, open)) {
    const rest = (state.tracks.known[at] as number) + Math.log1p(-open.loss);
    state.tracks.known[at] = Math.abs(rest) < 1e-9 ? 0 : Math.max(0, rest);
  }
  if (open.scope.kind !== 'fleet' && state.subjects.length > 1) return;
  // The nights of the loss are no part of what comes after.
  const { fleet } = state;
  const kept = fleet.dates.map((date) => date < open.since);
  fleet.values = fleet.values.filter((_, at) => kept[at]);
  fleet.dates = fleet.dates.filter((_, at) => kept[at]);
  fleet.recent = 0;
  fleet.recentVariance = 1;
}
