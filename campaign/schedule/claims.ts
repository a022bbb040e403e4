/**
 * Who may run next. A trial waits at the end of the queue of each node that it claims, and runs when
 * it is at the head of all of them: no dead-lock (all queues have one order), nobody starves, and the
 * work is proportional to the claims, not to trials × nodes.
 */

/** One trial's claims. */
export interface Claim {
  readonly id: string;
  /** Held alone. */
  readonly nodes: readonly string[];
  /** Machine that several nodes share, and whether it is held alone (timed) or together with others. */
  readonly machines: readonly { readonly machine: string; readonly alone: boolean }[];
}

interface Waiting {
  readonly claim: Claim;
  readonly start: () => void;
  /** Queues in which it is not yet at the head. */
  behind: number;
}

interface Entry {
  readonly waiting: Waiting;
  readonly alone: boolean;
  granted: boolean;
}

/** A queue with a moving head: taking from the front costs nothing. */
interface Queue {
  readonly entries: Entry[];
  head: number;
  /** Granted entries that have not been given back. */
  held: number;
}

/** The queues of a fleet. */
export class Claims {
  readonly #queues = new Map<string, Queue>();
  readonly #entries = new Map<string, { readonly key: string; readonly entry: Entry }[]>();

  /** Queues a claim behind those made before; `start` is called, once, when it is held. */
  wait(claim: Claim, start: () => void): void {
    const keys = [
      ...claim.nodes.map((node) => ({ key: `n:${node}`, alone: true })),
      ...claim.machines.map(({ machine, alone }) => ({ key: `m:${machine}`, alone })),
    ];
    const waiting: Waiting = { claim, start, behind: keys.length };
    const own = keys.map(({ key, alone }) => ({ key, entry: { waiting, alone, granted: false } }));
    this.#entries.set(claim.id, own);
    for (const { key, entry } of own) this.#queue(key).entries.push(entry);
    for (const { key } of own) this.#grant(key);
    if (keys.length === 0) start();
  }

  /** Gives back what a claim holds. */
  release(id: string): void {
    const own = this.#entries.get(id) ?? [];
    this.#entries.delete(id);
    for (const { key } of own) this.#queue(key).held -= 1;
    for (const { key } of own) this.#grant(key);
  }

  #queue(key: string): Queue {
    const known = this.#queues.get(key);
    if (known !== undefined) return known;
    const queue: Queue = { entries: [], head: 0, held: 0 };
    this.#queues.set(key, queue);
    return queue;
  }

  #grant(key: string): void {
    const queue = this.#queue(key);
    for (
      let next = queue.entries[queue.head];
      next !== undefined;
      next = queue.entries[queue.head]
    ) {
      const previous = queue.entries[queue.head - 1];
      // Together with those who hold it only if all of them share.
      if (queue.held > 0 && (next.alone || previous?.alone === true)) return;
      queue.head += 1;
      queue.held += 1;
      next.granted = true;
      next.waiting.behind -= 1;
      if (next.waiting.behind === 0) next.waiting.start();
    }
    if (queue.held === 0) this.#queues.delete(key);
  }
}
