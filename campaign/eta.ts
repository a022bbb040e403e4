/** How long the rest of a round should take, from how fast it went so far. */
import type { Clock, Progress } from './progress.ts';

/** Counts the trials of one round. */
export class Eta {
  readonly #clock: Clock;
  readonly #progress: Progress;
  readonly #total: number;
  readonly #started: number;
  #left: number;
  #done = 0;
  #doneExpected = 0;

  /** @param expected seconds of each trial of the round */
  constructor(expected: readonly number[], clock: Clock, progress: Progress) {
    this.#clock = clock;
    this.#progress = progress;
    this.#total = expected.length;
    this.#started = clock.seconds();
    this.#left = expected.reduce((sum, seconds) => sum + seconds, 0);
  }

  /** A trial has ended that should have taken `expected` seconds. */
  ended(expected: number): void {
    this.#done += 1;
    this.#doneExpected += expected;
    this.#left -= expected;
    const rate = this.#doneExpected / (this.#clock.seconds() - this.#started);
    this.#progress({
      kind: 'eta',
      done: this.#done,
      total: this.#total,
      ...(rate > 0 && Number.isFinite(rate) && { seconds: Math.max(0, this.#left / rate) }),
    });
  }
}
