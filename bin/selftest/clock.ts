/** A clock for simulated fleets: waiting takes no time, and the time can be made to jump. */
import type { Clock } from '../../campaign/progress.ts';

/** The clock, and the way to turn it on. */
export interface LeapingClock extends Clock {
  /** @param seconds to go ahead by */
  leap(seconds: number): void;
}

/** Begins at the moment of the call; `sleep` returns at once with the time slept. */
export function leapingClock(): LeapingClock {
  const from = performance.now();
  const began = Date.now();
  let ahead = 0;
  const seconds = () => (performance.now() - from) / 1000 + ahead;
  return {
    seconds,
    now: () => new Date(began + seconds() * 1000),
    async sleep(length, signal) {
      signal.throwIfAborted();
      ahead += length;
      // Others that wait for nothing must get their turn between two sleeps.
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    },
    leap(length) {
      ahead += length;
    },
  };
}
