/** Time as the runners of clouds see it: a parameter, so that hours of pacing can be run in a moment. */
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds on one clock, and waiting on it. */
export interface Clock {
  /** ms since the epoch. */
  now(): number;
  /** @throws the signal's reason when it aborts first */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** This machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      await pause(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
