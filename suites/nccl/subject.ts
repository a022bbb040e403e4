/** What a case's values are about. */
import type { Subject } from '../../plan/model.ts';
import type { Case } from '../model.ts';

/** @param nodes ids of the trial's nodes */
export function subjectOf(of: Case, nodes: readonly string[]): Subject {
  const sorted = [...nodes].sort();
  const [first = '', second = ''] = sorted;
  switch (of.scope) {
    case 'pair':
      return { kind: 'link', ends: [first, second], finest: 'path' };
    case 'domain':
      return { kind: 'group', nodes: sorted };
    case 'lot':
      return { kind: 'lot' };
    case 'node':
    case 'endpoint':
      return { kind: 'node', node: first };
  }
}
