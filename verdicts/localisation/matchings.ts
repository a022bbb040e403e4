/** Who runs with whom in a round: disjoint pairs over all nodes; an odd one has a bye, and its turn in the next. */

/** Pairs of one round, by index: `pairs[2i]` runs with `pairs[2i + 1]`. */
export interface Matching {
  readonly pairs: Int32Array;
  /** Who waits, where the number is odd. */
  readonly bye?: number;
}

/**
 * A perfect matching drawn at random.
 *
 * @param n nodes
 * @param sure one that must run in this round: it waited in the one before
 */
export function randomMatching(n: number, random: () => number, sure?: number): Matching {
  const order = Int32Array.from({ length: n }, (_, at) => at);
  for (let last = n - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    swap(order, last, other);
  }
  if (n % 2 === 0) return { pairs: order };
  if (order[n - 1] === sure && n > 1) swap(order, 0, n - 1);
  return { pairs: order.subarray(0, n - 1), bye: order[n - 1] as number };
}

/**
 * Every pair once: n − 1 rounds for an even n, n for an odd one, in which each waits once.
 *
 * @param round 0 … roundsOfAll(n) − 1
 * @see STATISTICS.md, block `round_robin_n8_superbench` (the circle method)
 */
export function roundRobin(n: number, round: number): Matching {
  const seats = n + (n % 2);
  const at = (seat: number) => (seat === 0 ? 0 : 1 + ((seat - 1 + round) % (seats - 1)));
  const pairs: number[] = [];
  let bye: number | undefined;
  for (let seat = 0; seat < seats / 2; seat += 1) {
    const one = at(seat);
    const other = at(seats - 1 - seat);
    if (one < n && other < n) pairs.push(one, other);
    else bye = Math.min(one, other);
  }
  return { pairs: Int32Array.from(pairs), ...(bye !== undefined && n > 1 && { bye }) };
}

/** Rounds in which every pair of n nodes has met once. */
export function roundsOfAll(n: number): number {
  return n < 2 ? 0 : n - 1 + (n % 2);
}

function swap(order: Int32Array, one: number, other: number): void {
  const kept = order[one] as number;
  order[one] = order[other] as number;
  order[other] = kept;
}
