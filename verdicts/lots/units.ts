/** Units of a delivery: a node, or what is lost with one bad node. */
import type { Delivery } from '../../plan/model.ts';
import type { Domain, Node } from '../../runners/model.ts';
import { worstWord } from '../criteria/track.ts';
import type { Word } from '../model.ts';

/** One unit and its word. */
export interface Unit {
  /** Domain id, or the node's. */
  readonly id: string;
  readonly nodes: readonly string[];
  readonly verdict: Word;
}

const KINDS: Readonly<Record<Delivery['unit'], readonly Domain['kind'][]>> = {
  node: [],
  slice: ['slice'],
  rack: ['rack', 'nvlink'],
};

/** Nodes → the node ids of each unit, by the unit's id; a node without the domain is a unit of its own. */
export function groupUnits(
  nodes: readonly Pick<Node, 'id' | 'domains'>[],
  unit: Delivery['unit'],
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const node of nodes) {
    const kind = KINDS[unit].find((one) => node.domains.some((domain) => domain.kind === one));
    const domain = node.domains.find((one) => one.kind === kind);
    const id = domain === undefined ? node.id : `${domain.kind} ${domain.id}`;
    const own = groups.get(id) ?? [];
    groups.set(id, own);
    own.push(node.id);
  }
  return groups;
}

/** Units with their words. */
export function unitsOf(
  groups: ReadonlyMap<string, readonly string[]>,
  words: ReadonlyMap<string, Word>,
): Unit[] {
  return [...groups].map(([id, own]) => ({
    id,
    nodes: own,
    verdict: worstWord(own.map((node) => words.get(node) ?? 'not-tested')) ?? 'not-tested',
  }));
}
