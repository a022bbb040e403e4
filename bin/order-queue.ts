/** Attempts on their way to the thread that reads them, a few at a time. */
import type { ReadOrder, ReadOutcome } from '../campaign/stored.ts';

/** Orders of one message: one for each would cost as much as the reading. */
const TOGETHER = 16;
/**
 * Messages under way: while the thread reads one, the journal is told of the other. With more, readings
 * would wait in the thread for their turn in the journal, and outlive the memory of the young.
 */
const AHEAD = 2;

interface Waiting {
  readonly order: ReadOrder;
  readonly resolve: (read: ReadOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** First come, first read. */
export class OrderQueue {
  readonly #ask: (orders: readonly ReadOrder[]) => Promise<readonly ReadOutcome[]>;
  #waiting: Waiting[] = [];
  #asked = 0;
  #soon = false;

  /** @param ask gives the outcomes in the order of the orders */
  constructor(ask: (orders: readonly ReadOrder[]) => Promise<readonly ReadOutcome[]>) {
    this.#ask = ask;
  }

  /** @throws what `ask` threw */
  async add(order: ReadOrder): Promise<ReadOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ order, resolve, reject });
      if (this.#soon) return;
      this.#soon = true;
      // Attempts whose evidence was synced together come together.
      setImmediate(() => {
        this.#soon = false;
        this.#send();
      });
    });
  }

  #send(): void {
    while (this.#asked < AHEAD && this.#waiting.length > 0) {
      this.#asked += 1;
      void this.#answer(this.#waiting.splice(0, TOGETHER));
    }
  }

  async #answer(asked: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#ask(asked.map(({ order }) => order));
      asked.forEach(({ order, resolve, reject }, at) => {
        const outcome = outcomes[at];
        if (outcome === undefined) reject(new Error(`${order.attempt.id} was not read`));
        else resolve(outcome);
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    } finally {
      this.#asked -= 1;
      this.#send();
    }
  }
}
