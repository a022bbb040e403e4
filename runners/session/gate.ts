/** A counting gate: at most `width` holders at once, first come, first served. */

/** Resolves when there is room; call what it gives, once, to make room again. */
export type Gate = (signal?: AbortSignal) => Promise<() => void>;

/** A gate for `width` holders; waiting ends with the signal's reason when it aborts. */
export function gate(width: number): Gate {
  let free = width;
  const waiting = new Set<() => void>();
  const leave = () => {
    const [next] = waiting;
    if (next === undefined) free += 1;
    else {
      waiting.delete(next);
      next();
    }
  };
  const once = () => {
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  };
  return async (signal) => {
    signal?.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return once();
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', cancel);
        resolve();
      };
      const cancel = () => {
        waiting.delete(enter);
        reject(signal?.reason as Error);
      };
      waiting.add(enter);
      signal?.addEventListener('abort', cancel, { once: true });
    });
    return once();
  };
}
