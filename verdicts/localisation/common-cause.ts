/** Faults that cluster in what nodes share: the shared part is to blame (STATISTICS 5.6). */
import hypergeometricCdf from '@stdlib/stats-base-dists-hypergeometric-cdf';
import type { Domain, Node } from '../../runners/model.ts';
import { byText } from '../criteria/ledger.ts';
import { adjustBenjaminiHochberg } from '../statistics/p-adjust.ts';

/** Chance of a cluster as dense, over all groups looked at, below which the group is blamed. */
const RARE = 0.01;

/** What nodes share: a part, or a version. */
export interface Shared {
  readonly domain: Domain | { readonly kind: 'environment'; readonly id: string };
  /** Sorted ids of those that were tested. */
  readonly nodes: readonly string[];
}

/** A group that is blamed. */
export interface Blamed extends Shared {
  /** Its nodes at fault. */
  readonly suspects: readonly string[];
  /** Adjusted by Benjamini and Hochberg over all groups. */
  readonly p: number;
}

/** P(at least x of a group of m are among K of N by chance). @see STATISTICS.md 5.6 */
export function clusterChance(x: number, n: number, k: number, m: number): number {
  return x <= 0 ? 1 : Math.max(0, 1 - hypergeometricCdf(x - 1, n, k, m));
}

/** Every rack, leaf, … and every version that some of these nodes share and not all have. */
export function sharedParts(nodes: readonly Node[]): Shared[] {
  const groups = new Map<string, { domain: Shared['domain']; nodes: string[] }>();
  const add = (domain: Shared['domain'], node: string) => {
    const key = `${domain.kind} ${domain.id}`;
    const known = groups.get(key) ?? { domain, nodes: [] };
    groups.set(key, known);
    known.nodes.push(node);
  };
  for (const node of nodes) {
    for (const domain of node.domains) add(domain, node.id);
    for (const [name, value] of Object.entries(node.environment)) {
      add({ kind: 'environment', id: `${name} ${value}` }, node.id);
    }
  }
  return [...groups.values()]
    .filter((group) => group.nodes.length > 1 && group.nodes.length < nodes.length)
    .map((group) => ({ domain: group.domain, nodes: group.nodes.sort(byText) }))
    .sort((a, b) => byText(keyOf(a), keyOf(b)));
}

/**
 * Groups to blame, the least likely by chance first. A group is blamed for itself only: what an earlier one explains
 * is not held against a later. The chance alone decides (STATISTICS 5.6): three bad nodes of a leaf of 32 among 512
 * are no accident, and the leaf's other 29 stay nonconforming until it is known what the three share.
 *
 * @param nodes that were tested
 * @param suspects of these
 */
export function blameGroups(nodes: readonly Node[], suspects: ReadonlySet<string>): Blamed[] {
  const groups = sharedParts(nodes).map((group) => ({
    ...group,
    suspects: group.nodes.filter((node) => suspects.has(node)),
  }));
  const chances = groups.map((group) =>
    clusterChance(group.suspects.length, nodes.length, suspects.size, group.nodes.length),
  );
  const adjusted = adjustBenjaminiHochberg(chances);
  const ranked = groups
    .map((group, at) => ({ ...group, p: adjusted[at] as number }))
    .filter((group) => group.p < RARE)
    .sort((a, b) => a.p - b.p || share(b) - share(a) || byText(keyOf(a), keyOf(b)));
  const explained = new Set<string>();
  return ranked.filter((group) => {
    const left = group.suspects.filter((node) => !explained.has(node));
    if (left.length < 2) return false;
    for (const node of left) explained.add(node);
    return true;
  });
}

function share(group: Blamed): number {
  return group.suspects.length / group.nodes.length;
}

function keyOf({ domain }: Shared): string {
  return `${domain.kind} ${domain.id}`;
}
