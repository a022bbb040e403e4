/** Units of a delivery: a node, or what is lost with one bad node. */
import type { Delivery } from '../../plan/model.ts';
import type { Domain, Node } from '../../runners/model.ts';
import { worstWord } from '../criteria/track.ts';
import type { Word } from '../model.ts';
import { count, some } from '../show.ts';

/** One unit and its word. */
export interface Unit {
  /** Domain id, or the node's. */
  readonly id: string;
  readonly nodes: readonly string[];
  readonly verdict: Word;
  /** Nodes that its word comes from, where that is no pass. */
  readonly by: readonly string[];
}

/** A unit that is lost whole with some of its nodes. */
export interface LostUnit {
  /** "slice a". */
  readonly unit: string;
  /** Nodes that failed. */
  readonly by: readonly string[];
  /** Its other nodes, whatever their own words. */
  readonly with: readonly string[];
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
  return [...groups].map(([id, own]) => {
    const wordOf = (node: string) => words.get(node) ?? 'not-tested';
    const verdict = worstWord(own.map(wordOf)) ?? 'not-tested';
    const by = verdict === 'pass' ? [] : own.filter((node) => wordOf(node) === verdict);
    return { id, nodes: own, verdict, by };
  });
}

/** Units of several nodes that failed, with the nodes that they failed by and those that go with them. */
export function lostUnits(units: readonly Unit[]): readonly LostUnit[] {
  return units
    .filter(({ verdict, nodes }) => verdict === 'fail' && nodes.length > 1)
    .map(({ id, nodes, by }) => ({
      unit: id,
      by,
      with: nodes.filter((node) => !by.includes(node)),
    }));
}

/** `n0001`, or `slice a (4 nodes, by n0002)`: what is lost, and by whom. */
export function nameOfUnit({ id, nodes, by }: Unit): string {
  return nodes.length === 1 && nodes[0] === id
    ? id
    : `${id} (${count(nodes.length, 'node')}, by ${some(by, 3)})`;
}

/**
 * Why units can't be counted: nodes of which nobody knows the slice or rack that they were bought in. Each would be
 * a unit of its own, and two hosts of a slice would pass for two whole slices.
 */
export function unitBars(
  nodes: readonly Pick<Node, 'id' | 'domains'>[],
  unit: Delivery['unit'],
): readonly string[] {
  if (unit === 'node') return [];
  const lone = [...groupUnits(nodes, unit)].flatMap(([id, own]) => (own[0] === id ? own : []));
  if (lone.length === 0) return [];
  return [
    `delivery.unit is ${unit}, and no ${unit} is known of ${some(lone, 3)}: its units can't be counted`,
  ];
}
