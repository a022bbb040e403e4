/** The collectives: how bandwidths come from a size and a time. */

/** Collectives that this suite runs. */
export const COLLECTIVES = [
  'all_reduce',
  'all_gather',
  'reduce_scatter',
  'alltoall',
  'broadcast',
  'sendrecv',
] as const;
export type Collective = (typeof COLLECTIVES)[number];

/** Collectives that nccl-tests measures and we only read. */
export const OTHERS = ['reduce', 'gather', 'scatter', 'hypercube', 'alltoallv'] as const;

/** Any collective that a log may hold. */
export type AnyCollective = Collective | (typeof OTHERS)[number];

export function isCollective(name: string): name is AnyCollective {
  return [...COLLECTIVES, ...OTHERS].some((one) => one === name);
}

/**
 * busbw ÷ algbw for n ranks.
 *
 * @param ranks 2 or more: with one rank nothing is moved
 * @throws {RangeError} for fewer than 2 ranks
 * @see nccl-tests doc/PERFORMANCE.md and each test's GetBw; STATISTICS.md 6.2
 */
export function busbwFactor(collective: AnyCollective, ranks: number): number {
  if (!Number.isInteger(ranks) || ranks < 2) {
    throw new RangeError(`a bus bandwidth needs 2 ranks or more, not ${ranks}`);
  }
  switch (collective) {
    case 'all_reduce':
      return (2 * (ranks - 1)) / ranks;
    case 'all_gather':
    case 'reduce_scatter':
    case 'alltoall':
    case 'alltoallv':
    case 'gather':
    case 'scatter':
      return (ranks - 1) / ranks;
    case 'broadcast':
    case 'reduce':
    case 'sendrecv':
    // Its algbw leaves out a rank's own part already.
    case 'hypercube':
      return 1;
  }
}

/** Collectives whose size is that of the total array, of which each rank holds one part. */
export function isSplit(collective: AnyCollective): boolean {
  return !['all_reduce', 'broadcast', 'reduce', 'sendrecv'].includes(collective);
}

/**
 * Bytes that really take part when `bytes` are asked for: a rank's share is rounded down to 16 B.
 *
 * @param bytes size as nccl-tests counts it, the total array where the collective splits it
 * @see STATISTICS.md 6.2
 */
export function movedBytes(collective: AnyCollective, bytes: number, ranks: number): number {
  const parts = isSplit(collective) ? ranks : 1;
  return Math.floor(bytes / parts / 16) * 16 * parts;
}

/**
 * Whether gloo has to put the collective together from others: its time then says nothing of a link,
 * so no bandwidth is given.
 */
export function isComposed(collective: Collective, library: string, dtype: string): boolean {
  return library === 'gloo' && (collective === 'reduce_scatter' || dtype === 'bf16');
}
