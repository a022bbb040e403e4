/** The subject of a criterion that is nearest to its bound, or furthest past it. */
import type { Criterion } from '../../plan/model.ts';
import { rankOf } from '../criteria/track.ts';
import type { Finding } from '../model.ts';

/** By word first (fail, inconclusive, pass), then by estimate; not-tested only where nothing else is. */
export function worstFinding(
  criterion: Criterion,
  findings: readonly Finding[],
): Finding | undefined {
  const side = criterion.bound === 'at-least' ? 1 : -1;
  let worst: Finding | undefined;
  for (const finding of findings) {
    if (worst === undefined || worse(finding, worst, side)) worst = finding;
  }
  return worst;
}

function worse(one: Finding, other: Finding, side: number): boolean {
  const rank = place(one) - place(other);
  if (rank !== 0) return rank < 0;
  const a = one.estimate?.value;
  const b = other.estimate?.value;
  return a !== undefined && b !== undefined && side * a < side * b;
}

function place(finding: Finding): number {
  return finding.verdict === 'not-tested' ? 9 : rankOf(finding.verdict);
}
