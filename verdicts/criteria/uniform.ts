/** `uniform`: driver, firmware and libraries are equal over a lot, or the odd nodes are named. */
import type { Node } from '../../runners/model.ts';
import { some } from '../show.ts';
import type { NodeWord } from './node-facts.ts';

/** Node → what it has that most others don't; a node alone, or all alike: nothing. */
export function oddEnvironments(nodes: readonly Node[]): ReadonlyMap<string, string> {
  const keys = [...new Set(nodes.flatMap((node) => Object.keys(node.environment)))].sort();
  const odd = new Map<string, string[]>();
  for (const key of keys) {
    const counts = new Map<string, number>();
    for (const node of nodes) {
      const value = node.environment[key] ?? 'nothing';
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    if (counts.size < 2) continue;
    const most = Math.max(...counts.values());
    const usual = [...counts].filter(([, n]) => n === most).map(([value]) => value);
    for (const node of nodes) {
      const value = node.environment[key] ?? 'nothing';
      if (usual.length === 1 && value === usual[0]) continue;
      const own = odd.get(node.id) ?? [];
      odd.set(node.id, own);
      own.push(`${key} is ${value}, ${some(usual, 2)} on ${most} of ${nodes.length} nodes`);
    }
  }
  return new Map([...odd].map(([node, own]) => [node, some(own, 3)]));
}

/** The word on one node. */
export function uniformWord(
  node: Node | undefined,
  odd: ReadonlyMap<string, string>,
): NodeWord | undefined {
  if (node === undefined) return undefined;
  const reason = odd.get(node.id);
  return reason === undefined
    ? { verdict: 'pass', reason: 'as most of the lot' }
    : { verdict: 'fail', reason };
}
