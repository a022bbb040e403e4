/** How far each rank came, by its progress lines: who held up the others. No clock is compared. */

/** Every rank of a trial says the same operations in the same order, so their number tells how far it is. */
export function arrivals(nodes: readonly string[]) {
  const counts = new Map<string, Map<number, { count: number; operation: string }>>(
    nodes.map((node) => [node, new Map()]),
  );
  return {
    note(node: string, rank: number, operation: string): void {
      const ranks = counts.get(node);
      const count = (ranks?.get(rank)?.count ?? 0) + 1;
      ranks?.set(rank, { count, operation: operation.slice(0, 100) });
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
          const { count = 0, operation = '' } = counts.get(node)?.get(rank) ?? {};
          return { node, rank, count, operation };
        }),
      );
      const least = Math.min(...all.map((one) => one.count));
      const furthest = all.reduce((a, b) => (b.count > a.count ? b : a));
      if (furthest.count === least) return undefined;
      const late = all.filter((one) => one.count === least);
      return {
        nodes: [...new Set(late.map((one) => one.node))],
        ranks: late.map((one) => one.rank),
        operation: furthest.operation,
      };
    },
  };
}
