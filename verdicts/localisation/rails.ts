/** On which rails the links of a node fall short: a rail is the accelerator, the NIC next to it and its cable. */
import { count } from '../show.ts';
import type { PairValue } from './pair-results.ts';

export class RailTally {
  readonly #round = new Map<string, Set<number>>();
  readonly #looks = new Map<string, number>();
  readonly #short = new Map<string, Map<number, number>>();

  /** A value of the round under way: short where it does not conform. */
  take({ pair, rail, y }: Pick<PairValue, 'pair' | 'rail' | 'y'>): void {
    const short = this.#round.get(pair) ?? new Set();
    this.#round.set(pair, short);
    if (rail !== undefined && y < 0) short.add(rail);
  }

  endRound(): void {
    for (const [pair, short] of this.#round) {
      for (const node of pair.split('~')) {
        this.#looks.set(node, (this.#looks.get(node) ?? 0) + 1);
        const own = this.#short.get(node) ?? new Map<number, number>();
        this.#short.set(node, own);
        for (const rail of short) own.set(rail, (own.get(rail) ?? 0) + 1);
      }
    }
    this.#round.clear();
  }

  /** Rails that fell short in more than half of the node's rounds, ascending; empty where links have no rails. */
  of(node: string): readonly number[] {
    const looks = this.#looks.get(node) ?? 0;
    return [...(this.#short.get(node) ?? [])]
      .filter(([, times]) => 2 * times > looks)
      .map(([rail]) => rail)
      .sort((a, b) => a - b);
  }

  /** Rails on which all of these fall short: what they share is the rail's own switch. */
  ofAll(nodes: readonly string[]): readonly number[] {
    const [first, ...others] = nodes.map((node) => this.of(node));
    return (first ?? []).filter((rail) => others.every((own) => own.includes(rail)));
  }
}

/** `rail 3`, `rails 3, 5`, `8 rails`. */
export function railsText(rails: readonly number[]): string {
  if (rails.length > 4) return count(rails.length, 'rail');
  return `${rails.length === 1 ? 'rail' : 'rails'} ${rails.join(', ')}`;
}
