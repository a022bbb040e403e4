/** A few runs at once: one computes while another waits for the disk. */

const LANES = 3;

/**
 * Does all tasks, a few at a time.
 *
 * @param signal ends it after the tasks under way
 * @param told of each result in the tasks' order, as soon as all before it are known
 * @returns results in the tasks' order; of those that were done
 */
export async function inLanes<T>(
  tasks: readonly (() => Promise<T>)[],
  signal: AbortSignal,
  told: (result: T, done: number) => void,
): Promise<readonly T[]> {
  const results = new Map<number, T>();
  let next = 0;
  let shown = 0;
  const lane = async () => {
    for (let task = tasks[next]; task !== undefined && !signal.aborted; task = tasks[next]) {
      const at = next;
      next += 1;
      results.set(at, await task());
      for (; results.has(shown); shown += 1) told(results.get(shown) as T, shown + 1);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
