/** Declared changes re-baseline what they touch; nothing else ever does. */
import type { Begun, Declared, SeriesSubject } from './model.ts';
import { referenceOf } from './panel.ts';
import type { PanelState } from './state.ts';

/** Whether a declared change touches a subject. */
export function touches(change: Declared, subject: SeriesSubject): boolean {
  const { parts, subjects } = change;
  if (parts === undefined && subjects === undefined) return true;
  if (subjects?.includes(subject.id) === true) return true;
  return (parts ?? []).some((part) =>
    subject.parts.some((one) => one.kind === part.kind && one.id === part.id),
  );
}

/**
 * Lets changes declared since the last night take effect, in place: baselines of what they touch are learnt anew.
 * The accepted level stands all the same, unless both sides renewed it; and a subject whose alarm is open keeps
 * its baseline, or declaring something would close it.
 *
 * @param date tonight's
 * @returns those that did, with what is held against nothing from then on: that has to be said
 */
export function takeDeclared(
  state: PanelState,
  declared: readonly Declared[],
  date: string,
): readonly Begun[] {
  const begun: Begun[] = [];
  for (const change of declared) {
    if (state.declared.has(change.id) || change.date > date) continue;
    state.declared.add(change.id);
    const renews = change.renews === true;
    let series = 0;
    let unheld = 0;
    for (const [at, subject] of state.subjects.entries()) {
      if (!touches(change, subject)) continue;
      const learnt = state.tracks.count[at] !== 0;
      const held = renews || !Number.isNaN(referenceOf(state.tracks, at));
      if (!rebaseline(state, at, renews) || !learnt) continue;
      series += 1;
      if (!held) unheld += 1;
    }
    if (series > 0) begun.push({ change, series, unheld });
    if (change.parts !== undefined || change.subjects !== undefined) continue;
    const { fleet } = state;
    if (state.open.some((alarm) => alarm.scope.kind === 'fleet') && !renews) continue;
    const first = renews ? { first: 0, firstCount: 0, accepted: false } : {};
    Object.assign(fleet, { dates: [], values: [], recent: 0, recentVariance: 1, ...first });
    if (renews) state.open = state.open.filter((alarm) => alarm.scope.kind !== 'fleet');
  }
  return begun;
}

/**
 * Learns a subject's baseline anew from its next visit on. `renews`: nothing before counts any more.
 *
 * @returns false: an open alarm keeps it
 */
export function rebaseline(state: PanelState, at: number, renews: boolean): boolean {
  const { tracks } = state;
  if (tracks.known[at] !== 0 && !renews) return false;
  tracks.count[at] = 0;
  tracks.low[at] = 0;
  tracks.small[at] = 0;
  tracks.lost[at] = 0;
  tracks.lostCount[at] = 0;
  tracks.recent[at] = 0;
  tracks.recentVariance[at] = 1;
  if (!renews) return true;
  // The common mode still needs a level until the next visit: the one it has now.
  tracks.level[at] = (tracks.level[at] as number) - (tracks.known[at] as number);
  tracks.known[at] = 0;
  tracks.accepted[at] = NaN;
  tracks.first[at] = NaN;
  return true;
}
