/** Which nodes can't be reached, since when, and when to ask them again. */

/** Longest pause between two tries at a node that is away, in seconds. */
const LONGEST_PAUSE = 60;

interface Away {
  /** Absent: it is in use by others, which is no fault of its. */
  since: number | undefined;
  nextTry: number;
  pause: number;
}

/** Times are seconds on one clock, given by the caller. */
export class Reach {
  readonly #away = new Map<string, Away>();
  /** Node → why nothing is begun there now: its maintenance windows. */
  readonly #held = new Map<string, ReadonlySet<string>>();
  readonly #total: number;
  readonly #grace: number;
  readonly #firstPause: number;
  #allSince: number | undefined;

  /**
   * @param total nodes of the fleet
   * @param grace seconds away after which a node fails
   * @param firstPause seconds from a failure to the next try; doubled each time
   */
  constructor(total: number, grace: number, firstPause: number) {
    this.#total = total;
    this.#grace = grace;
    this.#firstPause = firstPause;
  }

  /**
   * A try at these nodes did not reach them.
   *
   * @param lent they are in use by others: that never counts against them
   */
  failed(nodes: readonly string[], now: number, lent = false): void {
    for (const node of nodes) {
      const since = lent ? undefined : now;
      const away = this.#away.get(node) ?? { since, nextTry: now, pause: this.#firstPause };
      away.since = lent ? undefined : (away.since ?? now);
      away.nextTry = now + away.pause;
      away.pause = Math.min(LONGEST_PAUSE, away.pause * 2);
      this.#away.set(node, away);
    }
    // A fleet that others use is there.
    const all = this.#away.size >= this.#total;
    const unreachable = all && [...this.#away.values()].every((one) => one.since !== undefined);
    this.#allSince = unreachable ? (this.#allSince ?? now) : undefined;
  }

  /** These nodes answered. */
  reached(nodes: readonly string[]): void {
    for (const node of nodes) this.#away.delete(node);
    if (this.#away.size < this.#total) this.#allSince = undefined;
  }

  /** Nothing is begun on these until `free` with the same reason; that is no fault of theirs. */
  hold(nodes: readonly string[], why: string): void {
    for (const node of nodes) this.#held.set(node, new Set([...(this.#held.get(node) ?? []), why]));
  }

  free(nodes: readonly string[], why: string): void {
    for (const node of nodes) {
      const left = [...(this.#held.get(node) ?? [])].filter((one) => one !== why);
      if (left.length === 0) this.#held.delete(node);
      else this.#held.set(node, new Set(left));
    }
  }

  /** Nodes of these that are away and not due for a try, or held. */
  away(nodes: readonly string[], now: number): string[] {
    return nodes.filter(
      (node) => this.#held.has(node) || (this.#away.get(node)?.nextTry ?? 0) > now,
    );
  }

  /** Nodes of these that have been away for longer than the grace. */
  past(nodes: readonly string[], now: number): string[] {
    // With nobody left to reach it is the network; the run ends for that, and no node fails by it.
    if (this.#allSince !== undefined) return [];
    return nodes.filter((node) => {
      const away = this.#away.get(node);
      return away?.since !== undefined && now - away.since >= this.#grace;
    });
  }

  /** Seconds for which no node at all could be reached; undefined while one can. */
  allAway(now: number): number | undefined {
    return this.#allSince === undefined ? undefined : now - this.#allSince;
  }
}
