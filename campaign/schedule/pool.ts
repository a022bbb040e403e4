/** Runs the trials of a round: disjoint nodes in parallel, never two trials on one node. */
import pLimit from 'p-limit';
import { type Claim, Claims, type Waiting } from './claims.ts';

/** What the pool is given. */
export interface PoolOptions<T> {
  /** Most at once; absent: as many as have their nodes. */
  readonly atOnce?: number;
  claim(item: T): Claim;
  /** Asked when the nodes are free; false: it is left out. */
  admit(item: T): boolean;
  /** Aborts the round when it rejects. */
  run(item: T): Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Runs all items, in the order given where they claim the same.
 *
 * @returns those that were not admitted, or not begun before the signal was aborted
 * @throws what `run` threw first, when all that was under way has ended
 */
export async function runPool<T>(
  items: readonly T[],
  options: PoolOptions<T>,
): Promise<readonly T[]> {
  const limit = pLimit(options.atOnce ?? Number.POSITIVE_INFINITY);
  const left: T[] = [];
  let failure: { readonly error: unknown } | undefined;
  await new Promise<void>((resolve) => {
    let open = items.length;
    const end = (waiting: Waiting<T>) => {
      claims.release(waiting);
      open -= 1;
      if (open === 0) resolve();
    };
    const one = async (item: T) => {
      if (failure !== undefined || options.signal.aborted || !options.admit(item)) {
        left.push(item);
        return;
      }
      try {
        await options.run(item);
      } catch (error) {
        failure ??= { error };
      }
    };
    const claims = new Claims<T>((waiting) => {
      void limit(() => one(waiting.item)).finally(() => end(waiting));
    });
    if (open === 0) resolve();
    for (const item of items) claims.wait(options.claim(item), item);
  });
  if (failure !== undefined) throw failure.error;
  return left;
}
