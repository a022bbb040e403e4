/** The machine's own clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './progress.ts';

export const systemClock: Clock = {
  now: () => new Date(),
  seconds: () => performance.now() / 1000,
  sleep: (seconds, signal) => sleep(seconds * 1000, undefined, { signal }),
};
