/** Findings on what was planned and has no cell: nothing is left out of the count by being absent. */
import type { Criterion, Subject } from '../../plan/model.ts';
import { endpointName } from '../../plan/subject.ts';
import type { End, Track } from '../criteria/track.ts';
import type { Finding } from '../model.ts';
import type { Planner } from '../requests/planner.ts';

/**
 * Not-tested findings of one criterion: on nodes that have no subject for it (missing ones included),
 * and on pairs, groups and the lot where it was never measured.
 *
 * @param covered nodes with a finding of this criterion, and keys of placements with one
 */
export function gapFindings(
  track: Track,
  covered: ReadonlySet<string>,
  end: End,
  planner: Planner,
  missing: ReadonlyMap<string, string>,
): Finding[] {
  // What is judged without a case names every node by itself.
  if (track.onNodes) return [];
  const cases = [...new Set(track.sources.map((source) => source.case.id))];
  const { criterion } = track;
  const gap = (subject: Subject, reason: string): Finding => ({
    criterion: criterion.id,
    subject,
    verdict: 'not-tested',
    reason,
    attempts: [],
  });
  if (criterion.per === 'lot') {
    const nodes = end.nodes.map((node) => node.id);
    if (covered.has('lot')) return [];
    return [gap({ kind: 'lot' }, lotReason(track, cases, nodes, end))];
  }
  const gaps: Finding[] = [];
  const open = new Set([...end.nodes.map((node) => node.id), ...missing.keys()]);
  for (const node of covered) open.delete(node);
  for (const id of cases) {
    for (const { nodes, broken } of planner.placements(id)) {
      if (nodes.length < 2 || covered.has(nodes.join('~'))) continue;
      if (broken && nodes.some((node) => !open.has(node))) continue;
      const silent = 'its trials gave no value (missing, or not supported here)';
      const reason = end.whyNot([id], nodes) ?? end.stopped ?? silent;
      gaps.push(gap(wideSubject(criterion, nodes), reason));
      for (const node of nodes) open.delete(node);
    }
  }
  for (const node of open) {
    const reason =
      missing.get(node) ?? track.unfit ?? end.whyNot(cases, [node]) ?? absentReason(end, node);
    gaps.push(gap({ kind: 'node', node }, reason));
  }
  return gaps;
}

function absentReason(end: End, node: string): string {
  if (end.failed(node)) return 'not let in: it fails below this scope';
  return (
    end.stopped ??
    'never let into this scope: what is below it is not passed, or no partner was left'
  );
}

function lotReason(
  track: Track,
  cases: readonly string[],
  nodes: readonly string[],
  end: End,
): string {
  if (track.unfit !== undefined) return track.unfit;
  const never = 'never measured on the lot: too few nodes pass below this scope';
  return end.whyNot(cases, nodes) ?? end.stopped ?? never;
}

function wideSubject(criterion: Criterion, nodes: readonly string[]): Subject {
  const [one, other] = nodes;
  if (criterion.per === 'link' && one !== undefined && other !== undefined && nodes.length === 2) {
    return { kind: 'link', ends: [one, other], finest: 'path' };
  }
  if (criterion.per === 'endpoint') {
    return { kind: 'endpoint', endpoint: endpointName(nodes), nodes };
  }
  return { kind: 'group', nodes };
}
