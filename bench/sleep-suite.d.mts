import type { Suite } from '../suites/model.ts';
import type { sessionReader } from '../suites/session-reader.ts';

/** @param given.seconds that a trial sleeps; `trials` a host, each a case of its own */
export function sleepSuite(given: {
  readonly seconds: number;
  readonly trials: number;
  readonly sessionReader: typeof sessionReader;
}): Suite;
