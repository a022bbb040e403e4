/** Faults that show in some rounds only: rounds are counted, the mean would hide them (STATISTICS 5.6). */
import { bernoulliSprt, bernoulliWord } from '../statistics/sprt.ts';

/** Slow rounds of a good node (its partner's fault, or chance), and of one worth naming. */
const LINES = bernoulliSprt({ p0: 0.01, p1: 0.2, alpha: 0.001, beta: 0.01 });

/** Rounds in which each node ran, and in which its pair was short. */
export class RoundCounts {
  readonly #counts = new Map<string, { ran: number; short: number }>();

  add(node: string, short: boolean): void {
    const known = this.#counts.get(node) ?? { ran: 0, short: 0 };
    this.#counts.set(node, { ran: known.ran + 1, short: known.short + Number(short) });
  }

  /** @param keep whose counts are wanted */
  of(keep: (node: string) => boolean): ReadonlyMap<string, { ran: number; short: number }> {
    return new Map([...this.#counts].filter(([node]) => keep(node)));
  }
}

/**
 * Rounds after which a fault that is active in a share of the rounds has shown at least once.
 *
 * @param active in (0, 1)
 * @param risk P(it has not)
 */
export function roundsToShow(active: number, risk: number): number {
  return Math.ceil(Math.log(risk) / Math.log(1 - active));
}

/** Whether so many slow rounds are those of a node with an intermittent fault; undefined: more rounds would tell. */
export function intermittentWord(slow: number, rounds: number): 'yes' | 'no' | undefined {
  const word = bernoulliWord(LINES, slow, rounds);
  return word === undefined ? undefined : word === 'reject' ? 'yes' : 'no';
}
