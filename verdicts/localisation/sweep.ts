/** Every pair once, for faults of one pair alone: both ends are well with everyone else. */
import { byText } from '../criteria/ledger.ts';
import { decodePairs } from './belief.ts';
import { roundRobin, roundsOfAll } from './matchings.ts';

/** Pairs of indices as sorted pairs of ids. */
export function couplesOf(ids: readonly string[], pairs: Int32Array): string[][] {
  return Array.from({ length: pairs.length / 2 }, (_, at) =>
    [ids[pairs[2 * at] as number] as string, ids[pairs[2 * at + 1] as number] as string].sort(
      byText,
    ),
  );
}

export class Sweep {
  readonly #order: readonly string[];
  readonly #shortfalls = new Map<string, number>();
  readonly #broken = new Set<string>();
  #round = 0;

  /** @param nodes those that are not at fault by what is known */
  constructor(nodes: readonly string[]) {
    this.#order = nodes;
  }

  /** Pairs of the next round; undefined: every pair has met. */
  next(): readonly (readonly string[])[] | undefined {
    if (this.#round >= roundsOfAll(this.#order.length)) return undefined;
    this.#round += 1;
    return couplesOf(this.#order, roundRobin(this.#order.length, this.#round - 1).pairs);
  }

  /** @param shortfall in sigma; undefined: it failed, and nobody is named */
  record(pair: string, shortfall: number | undefined): void {
    if (shortfall === undefined) this.#broken.add(pair);
    else this.#shortfalls.set(pair, shortfall);
  }

  /**
   * Who is at fault by all rounds together, and which pairs of the others are slow.
   *
   * @param distance d′; 0: not known, and only failures count
   * @param rate share of nodes assumed to be at fault
   */
  outcome(distance: number, rate: number): { nodes: string[]; pairs: string[][] } {
    const nodes = distance > 0 ? this.#decoded(distance, rate) : [];
    const slow = [...this.#shortfalls].filter(([, z]) => distance > 0 && z > distance / 2);
    const pairs = [...new Set([...slow.map(([key]) => key), ...this.#broken])].sort(byText);
    return {
      nodes,
      pairs: pairs
        .map((key) => key.split('~'))
        .filter((pair) => !pair.some((node) => nodes.includes(node))),
    };
  }

  #decoded(distance: number, rate: number): string[] {
    const place = new Map(this.#order.map((node, at) => [node, at]));
    const keys = [...this.#shortfalls.keys()].sort(byText);
    const odds = decodePairs({
      nodes: this.#order.length,
      pairs: Int32Array.from(
        keys.flatMap((key) => key.split('~').map((node) => place.get(node) as number)),
      ),
      z: Float64Array.from(keys, (key) => this.#shortfalls.get(key) as number),
      distance,
      rate,
    });
    return this.#order.filter((_, at) => (odds[at] as number) > 0);
  }
}
