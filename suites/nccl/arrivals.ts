/** How far each rank came, by its progress lines: who held up the others. No clock is compared. */

/** Where one rank is: operations that it has said, and steps of the last one where its end told them. */
interface Place {
  readonly count: number;
  readonly call: number;
  readonly operation: string;
}

const NOWHERE: Place = { count: 0, call: 0, operation: '' };

/** Every rank of a trial says the same operations in the same order, so their number tells how far it is. */
export function arrivals(nodes: readonly string[]) {
  const places = new Map<string, Map<number, Place>>(nodes.map((node) => [node, new Map()]));
  return {
    /** @param call steps done in the operation: a rank's last words don't count as one more operation */
    note(node: string, rank: number, operation: string, call?: number): void {
      const ranks = places.get(node);
      const before = ranks?.get(rank) ?? NOWHERE;
      const count = call === undefined ? before.count + 1 : before.count;
      ranks?.set(rank, { count, call: call ?? 0, operation: operation.slice(0, 100) });
    },
    /**
     * The nodes that are behind all the others, with the operation that the others wait in.
     * Undefined when all are equally far: progress blames nobody then.
     */
    behind(perNode: number):
      | {
          readonly nodes: readonly string[];
          readonly ranks: readonly number[];
          readonly operation: string;
        }
      | undefined {
      const all = nodes.flatMap((node, position) =>
        Array.from({ length: perNode }, (_, local) => {
          const rank = position * perNode + local;
          return { node, rank, ...(places.get(node)?.get(rank) ?? NOWHERE) };
        }),
      );
      const [first] = all;
      if (first === undefined) return undefined;
      const furthest = all.reduce((a, b) => (order(b, a) > 0 ? b : a), first);
      // Steps tell only between ranks whose ends told them: a silent one is where it last was.
      const told = all.every((one) => one.call > 0);
      const least = all.reduce((a, b) => (order(b, a) < 0 ? b : a), first);
      const late = all.filter((one) =>
        told ? order(one, least) === 0 : one.count === least.count,
      );
      if (late.length === all.length) return undefined;
      return {
        nodes: [...new Set(late.map((one) => one.node))],
        ranks: late.map((one) => one.rank),
        operation: furthest.operation,
      };
    },
  };
}

/** Negative: `a` is behind `b`. */
function order(a: Place, b: Place): number {
  return a.count - b.count || a.call - b.call;
}
