/**
 * Pairs of leaves between which results fall short though their ends are well elsewhere. With ECMP or adaptive routing
 * nobody knows which uplink a flow took: this is the finest that can be named (STATISTICS 5.5).
 */
import type { Node } from '../../runners/model.ts';
import { byText } from '../criteria/ledger.ts';
import { adjustBenjaminiHochberg } from '../statistics/p-adjust.ts';
import { clusterChance } from './common-cause.ts';
import { domainOf } from './pair-class.ts';

/** Chance of so many short results, over all pairs of leaves looked at, below which what lies between them is blamed. */
const RARE = 0.01;

/** What lies between two leaves is at fault. */
export interface LeafPair {
  /** Ids of the leaves, sorted. */
  readonly ends: readonly [string, string];
  /** Results between them, and how many of these fell short. */
  readonly ran: number;
  readonly short: number;
  /** Adjusted by Benjamini and Hochberg. */
  readonly p: number;
}

/** Counts results by the leaves of their ends. */
export class LeafPairs {
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #ran = new Map<string, number>();
  readonly #short: string[] = [];
  /** Node → leaves with which it fell short. */
  readonly #doubtful = new Map<string, Set<string>>();
  #round = new Set<string>();

  constructor(nodes: ReadonlyMap<string, Node>) {
    this.#nodes = nodes;
  }

  /** A pair that runs in the round under way. */
  take(pair: string): void {
    if (this.#leavesOf(pair) !== undefined) this.#round.add(pair);
  }

  /** @param isShort whether a pair of this round fell short */
  endRound(isShort: (pair: string) => boolean): void {
    for (const pair of this.#round) {
      const leaves = this.#leavesOf(pair) ?? '';
      this.#ran.set(leaves, (this.#ran.get(leaves) ?? 0) + 1);
      if (isShort(pair)) this.#take(pair);
    }
    this.#round = new Set();
  }

  /** Whether one of the two fell short with the other's leaf: a second such result would not tell whose fault it is. */
  doubtful(one: string, other: string): boolean {
    const fellShort = (node: string, leaf: string | undefined) =>
      leaf !== undefined && this.#doubtful.get(node)?.has(leaf) === true;
    return fellShort(one, this.#leafOf(other)) || fellShort(other, this.#leafOf(one));
  }

  /** Whether any result crossed from one leaf to another. */
  get crossed(): boolean {
    return this.#ran.size > 0;
  }

  /** Those at fault, the least likely by chance first. @param well whether a node is not at fault itself */
  blamed(well: (node: string) => boolean): LeafPair[] {
    const pairs = new Map<string, string[]>();
    const short = this.#short.filter((pair) => pair.split('~').every(well));
    for (const pair of short) {
      const leaves = this.#leavesOf(pair) ?? '';
      pairs.set(leaves, [...(pairs.get(leaves) ?? []), pair]);
    }
    const all = [...this.#ran.values()].reduce((sum, one) => sum + one, 0);
    const keys = [...this.#ran.keys()].sort(byText);
    const chances = keys.map((key) =>
      clusterChance(pairs.get(key)?.length ?? 0, all, short.length, this.#ran.get(key) ?? 0),
    );
    const adjusted = adjustBenjaminiHochberg(chances);
    return keys
      .flatMap((key, at) => {
        const own = pairs.get(key) ?? [];
        const p = adjusted[at] as number;
        // One pair of nodes, however often, is that pair's own fault.
        if (p >= RARE || new Set(own).size < 2) return [];
        const [one = '', other = ''] = key.split('\n');
        const ends = [one, other] as const;
        return [{ ends, ran: this.#ran.get(key) ?? 0, short: own.length, p }];
      })
      .sort((a, b) => a.p - b.p);
  }

  #take(pair: string): void {
    this.#short.push(pair);
    const [one = '', other = ''] = pair.split('~');
    for (const [node, partner] of [
      [one, other],
      [other, one],
    ] as const) {
      const own = this.#doubtful.get(node) ?? new Set();
      this.#doubtful.set(node, own.add(this.#leafOf(partner) ?? ''));
    }
  }

  #leafOf(id: string): string | undefined {
    const node = this.#nodes.get(id);
    return node && domainOf(node, 'leaf');
  }

  /** Sorted ids of the two leaves; undefined: one leaf, or one is not known. */
  #leavesOf(pair: string): string | undefined {
    const [one, other] = pair.split('~').map((node) => this.#leafOf(node));
    if (one === undefined || other === undefined || one === other) return undefined;
    return [one, other].sort(byText).join('\n');
  }
}
