/**
 * Turns: of thousands of attempts that a campaign starts at once, so many print at a time. Nothing is
 * slower for it (there is one processor), and what is under way stays young enough to be collected cheaply.
 */

/** Attempts that print at the same time: enough for the evidence to be synced in large groups. */
const AT_ONCE = 64;

/** First come, first served; an attempt keeps its turn until all its steps have given theirs back. */
export class Turns {
  /** Attempt → its steps under way. */
  readonly #held = new Map<string, number>();
  /** Attempt → its steps that wait, in the order in which the attempts came. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** Resolves at once for an attempt that has its turn: its steps wait for each other. */
  async take(attempt: string): Promise<void> {
    const steps = this.#held.get(attempt);
    if (steps !== undefined || this.#held.size < AT_ONCE) {
      this.#held.set(attempt, (steps ?? 0) + 1);
      return;
    }
    await new Promise<void>((go) => {
      const own = this.#waiting.get(attempt);
      if (own === undefined) this.#waiting.set(attempt, [go]);
      else own.push(go);
    });
  }

  /** Once for each `take`. */
  give(attempt: string): void {
    const steps = (this.#held.get(attempt) ?? 1) - 1;
    if (steps > 0) {
      this.#held.set(attempt, steps);
      return;
    }
    this.#held.delete(attempt);
    for (const [next, own] of this.#waiting) {
      this.#waiting.delete(next);
      this.#held.set(next, own.length);
      for (const go of own) go();
      return;
    }
  }
}
