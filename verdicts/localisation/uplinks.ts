/** Rounds in which every uplink of a two-tier network carries one flow, where paths are known (STATISTICS 5.5). */
import { randomMatching } from './matchings.ts';
import { shuffle } from '../../plan/random.ts';

/** Leaves with as many nodes each, all joined to all spines. */
export interface TwoTiers {
  readonly leaves: number;
  readonly spines: number;
  /** Nodes of one leaf; at most as many as there are spines, or uplinks carry more than one flow. */
  readonly nodesPerLeaf: number;
}

/** Flows of one round: elements of path i are `paths[4i …]`: node, its uplink, the partner's uplink, the partner. */
export interface Flows {
  readonly paths: Int32Array;
}

/** Elements that can be at fault: nodes first (leaf after leaf), then uplinks (leaf after leaf). */
export function elementsOf({ leaves, spines, nodesPerLeaf }: TwoTiers): number {
  return leaves * (nodesPerLeaf + spines);
}

/** Element of the uplink from a leaf to a spine. */
export function uplinkOf(network: TwoTiers, leaf: number, spine: number): number {
  return network.leaves * network.nodesPerLeaf + leaf * network.spines + spine;
}

/** Random matching of leaves, of the nodes in each pair of leaves, and of flows with spines. */
export function uplinkRound(network: TwoTiers, random: () => number): Flows {
  const { spines, nodesPerLeaf } = network;
  const { pairs: leafPairs } = randomMatching(network.leaves, random);
  const positions = Array.from({ length: nodesPerLeaf }, (_, at) => at);
  const paths: number[] = [];
  for (let at = 0; at < leafPairs.length; at += 2) {
    const one = leafPairs[at] as number;
    const other = leafPairs[at + 1] as number;
    const partners = shuffle(positions, random);
    const through = shuffle(
      Array.from({ length: spines }, (_, spine) => spine),
      random,
    );
    for (const position of positions) {
      const spine = through[position % spines] as number;
      paths.push(
        one * nodesPerLeaf + position,
        uplinkOf(network, one, spine),
        uplinkOf(network, other, spine),
        other * nodesPerLeaf + (partners[position] as number),
      );
    }
  }
  return { paths: Int32Array.from(paths) };
}
