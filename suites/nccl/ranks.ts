/** What the ranks of one trial said of one size, until all have: the slowest one's time counts. */
import type { Line } from '../model.ts';
import type { ValueLine } from '../session-reader.ts';

/** A size that every rank has measured. */
export interface Slowest {
  /** Seconds, of the slowest rank. */
  readonly time: number;
  /** Of that rank. */
  readonly line: Extract<ValueLine, { kind: 'sample' }>;
  /** Where that rank said it. */
  readonly at: Line;
}

/** A size that every rank has checked; the first wrong one speaks for all. */
export interface Checked {
  readonly ok: boolean;
  readonly detail: string;
  readonly at: Line;
}

interface Heard {
  readonly ranks: Set<number>;
  slowest?: Slowest;
  checked?: Checked;
}

/**
 * Bounded by ranks × sizes: a rank speaks once of a size.
 *
 * @param ranks that take part in a value: of the trial, or of one rail
 */
export function rankLedger(ranks: number) {
  /** By size, in bytes. */
  const times = new Map<number, Heard>();
  const checks = new Map<number, Heard>();
  const of = (heard: Map<number, Heard>, bytes: number): Heard => {
    let one = heard.get(bytes);
    if (one === undefined) heard.set(bytes, (one = { ranks: new Set() }));
    return one;
  };
  const speak = (heard: Map<number, Heard>, bytes: number, rank: number): Heard | undefined => {
    const one = of(heard, bytes);
    if (one.ranks.has(rank)) return undefined;
    one.ranks.add(rank);
    return one;
  };
  return {
    /** @returns false when the rank has said it before */
    time(bytes: number, rank: number, line: Slowest['line'], at: Line): boolean {
      const one = speak(times, bytes, rank);
      if (one === undefined) return false;
      if (one.slowest === undefined || line.value > one.slowest.time) {
        one.slowest = { time: line.value, line, at };
      }
      return true;
    },
    /** @returns false when the rank has said it before */
    check(bytes: number, rank: number, checked: Checked): boolean {
      const one = speak(checks, bytes, rank);
      if (one === undefined) return false;
      if (one.checked === undefined || (one.checked.ok && !checked.ok)) one.checked = checked;
      return true;
    },
    /** Undefined until every rank has spoken. */
    slowest(bytes: number): Slowest | undefined {
      const one = of(times, bytes);
      return one.ranks.size === ranks ? one.slowest : undefined;
    },
    /** A wrong result needs one witness, a right one all of them. */
    checked(bytes: number): Checked | undefined {
      const one = of(checks, bytes);
      return one.ranks.size === ranks || one.checked?.ok === false ? one.checked : undefined;
    },
  };
}
