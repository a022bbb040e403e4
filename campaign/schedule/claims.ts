/**
 * Who may run next. A trial waits at the end of the queue of each node that it claims, and runs when
 * it is at the head of all of them: no dead-lock (all queues have one order), nobody starves, and the
 * work is proportional to the claims, not to trials × nodes.
 */

/** One trial's claims. */
export interface Claim {
  /** Held alone. */
  readonly nodes: readonly string[];
  /** Machines that several nodes share, and whether they are held alone (timed) or together with others. */
  readonly machines: readonly string[];
  readonly alone: boolean;
}

/** A claim that is queued, or held. A large round has a hundred thousand. */
export interface Waiting<T> {
  readonly item: T;
  /** Of machines. */
  readonly alone: boolean;
  readonly queues: readonly Queue<T>[];
  /** Queues in which it is not yet at the head. */
  behind: number;
}

/** A queue with a moving head: taking from the front costs nothing. */
interface Queue<T> {
  readonly key: string;
  /** A node's: nobody shares it. */
  readonly exclusive: boolean;
  /** Those before the head are let go. */
  readonly entries: (Waiting<T> | undefined)[];
  head: number;
  /** Granted entries that have not been given back. */
  held: number;
  /** The latest granted entry is alone. */
  alone: boolean;
}

/** The queues of a fleet. */
export class Claims<T> {
  readonly #nodes = new Map<string, Queue<T>>();
  readonly #machines = new Map<string, Queue<T>>();
  readonly #start: (waiting: Waiting<T>) => void;

  /** @param start called once for each claim, when it is held; it is given back by `release` */
  constructor(start: (waiting: Waiting<T>) => void) {
    this.#start = start;
  }

  /** Queues a claim behind those made before. */
  wait({ nodes, machines, alone }: Claim, item: T): void {
    const queues = [
      ...nodes.map((node) => queue(this.#nodes, node, true)),
      ...machines.map((machine) => queue(this.#machines, machine, false)),
    ];
    const waiting: Waiting<T> = { item, alone, queues, behind: queues.length };
    for (const one of queues) one.entries.push(waiting);
    for (const one of queues) this.#grant(one);
    if (queues.length === 0) this.#start(waiting);
  }

  /** Gives back what a claim holds. */
  release({ queues }: Waiting<T>): void {
    for (const one of queues) one.held -= 1;
    for (const one of queues) this.#grant(one);
  }

  #grant(from: Queue<T>): void {
    for (let next = from.entries[from.head]; next !== undefined; next = from.entries[from.head]) {
      const alone = from.exclusive || next.alone;
      // Together with those who hold it only if all of them share.
      if (from.held > 0 && (alone || from.alone)) return;
      from.entries[from.head] = undefined;
      from.head += 1;
      from.held += 1;
      from.alone = alone;
      next.behind -= 1;
      if (next.behind === 0) this.#start(next);
    }
    if (from.held === 0) (from.exclusive ? this.#nodes : this.#machines).delete(from.key);
  }
}

function queue<T>(of: Map<string, Queue<T>>, key: string, exclusive: boolean): Queue<T> {
  const known = of.get(key);
  if (known !== undefined) return known;
  const made: Queue<T> = { key, exclusive, entries: [], head: 0, held: 0, alone: false };
  of.set(key, made);
  return made;
}
