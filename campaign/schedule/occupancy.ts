/** When each node is free again: the wall time of trials whose lengths are known, run as the pool would. */
import type { Node } from '../../runners/model.ts';

/** Trials of a round in start order; a round ends with its last one. */
export class Occupancy {
  /** Seconds up to the end of the latest round. */
  wall = 0;
  readonly #free = new Map<string, number>();
  readonly #machines: ReadonlyMap<string, string>;
  readonly #atOnce: number;
  #end = 0;
  #work = 0;

  /** @param atOnce trials under way at once, at most; absent: as many as have nodes */
  constructor(nodes: Iterable<Node>, atOnce = Number.POSITIVE_INFINITY) {
    const machines = new Map<string, string>();
    for (const { id, machine } of nodes) if (machine !== undefined) machines.set(id, machine);
    this.#machines = machines;
    this.#atOnce = atOnce;
  }

  /** @param timed has the machines of its nodes for itself */
  run(nodes: readonly string[], timed: boolean, seconds: number): void {
    const machines = timed ? nodes.flatMap((id) => this.#machines.get(id) ?? []) : [];
    const claimed = [...nodes, ...new Set(machines)];
    const start = Math.max(this.wall, ...claimed.map((key) => this.#free.get(key) ?? 0));
    for (const key of claimed) this.#free.set(key, start + seconds);
    this.#end = Math.max(this.#end, start + seconds);
    this.#work += seconds;
  }

  endRound(): void {
    // With fewer places than nodes the places are the bottleneck.
    this.wall = Math.max(this.#end, this.wall + this.#work / this.#atOnce);
    this.#work = 0;
  }
}
