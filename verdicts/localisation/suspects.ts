/** The suspects of a search: whom each ran with, how that went, and its word. */
import { byText } from '../criteria/ledger.ts';
import type { Word } from '../model.ts';

/** What is known of one. */
interface Suspect {
  readonly partners: Set<string>;
  /** Attempts with cleared partners that failed or gave a wrong result. */
  readonly bad: string[];
  /** Confirmations that say something. */
  ended: number;
  asked: number;
  word?: Word | undefined;
}

/** Confirmations of a suspect beyond which its word is left open. */
const MOST_ASKED = 40;
/** Of these, so many may be lost to a fault of others. */
const MOST_LOST = 6;
/** Confirmations that must fail, with different partners, before a node is named for it. */
export const FAILURES = 2;

export class Suspects {
  readonly #all = new Map<string, Suspect>();

  add(node: string, word?: Word): void {
    if (this.#all.has(node)) return;
    const fresh: Suspect = { partners: new Set(), bad: [], ended: 0, asked: 0 };
    if (word !== undefined) fresh.word = word;
    this.#all.set(node, fresh);
  }

  has(node: string): boolean {
    return this.#all.has(node);
  }

  wordOf(node: string): Word | undefined {
    return this.#all.get(node)?.word;
  }

  /** Its word, where it has none that is worse. */
  give(node: string, word: Word): void {
    const suspect = this.#all.get(node);
    if (suspect !== undefined && suspect.word !== 'fail') suspect.word = word;
  }

  /** Sorted. */
  partners(node: string): readonly string[] {
    return [...(this.#all.get(node)?.partners ?? [])].sort(byText);
  }

  met(node: string, partner: string): boolean {
    return this.#all.get(node)?.partners.has(partner) === true;
  }

  asked(node: string, partner: string): void {
    const suspect = this.#all.get(node);
    if (suspect === undefined) return;
    suspect.partners.add(partner);
    suspect.asked += 1;
  }

  /** @param bad the attempt, where it failed or gave a wrong result */
  ended(node: string, bad: string | undefined): void {
    const suspect = this.#all.get(node);
    if (suspect === undefined) return;
    suspect.ended += 1;
    if (bad !== undefined) suspect.bad.push(bad);
  }

  /** Attempts that failed with cleared partners. */
  bad(node: string): readonly string[] {
    return this.#all.get(node)?.bad ?? [];
  }

  failing(): string[] {
    return [...this.#all].filter(([, one]) => one.word === 'fail').map(([node]) => node);
  }

  /**
   * Those without a word, sorted; gives one to those whose confirmations are enough.
   *
   * @param least confirmations of each
   * @param words of the criteria on its own confirmations; undefined: open
   */
  open(least: number, words: (node: string) => readonly (Word | undefined)[]): string[] {
    const open: string[] = [];
    for (const [node, suspect] of this.#all) {
      suspect.word ??= decided(suspect, least, words(node));
      if (suspect.word === undefined) open.push(node);
    }
    return open.sort(byText);
  }
}

function decided(
  suspect: Suspect,
  least: number,
  words: readonly (Word | undefined)[],
): Word | undefined {
  const { bad, ended, asked } = suspect;
  if (bad.length >= FAILURES && 2 * bad.length > ended) return 'fail';
  if (words.includes('fail')) return 'fail';
  if (asked >= MOST_ASKED || asked - ended > MOST_LOST) return 'inconclusive';
  // One failure is no name yet, and no pass either.
  if (bad.length > 0 && 2 * bad.length > ended) return undefined;
  if (ended < least || words.includes(undefined)) return undefined;
  return words.every((word) => word === 'pass') ? 'pass' : 'inconclusive';
}
