/** Tries of our own: bounded, jittered, honouring what the provider asks for. */
import type { Clock } from './clock.ts';
import { mayAgain, waitAsked } from './problem.ts';

/** How long to go on. */
export interface Patience {
  /** Seconds from the first try; default 300: throttling for minutes is outlasted. */
  readonly total?: number;
  /** ms of the first pause, doubled up to `longest`. */
  readonly first?: number;
  /** ms; default 20 s. */
  readonly longest?: number;
  /** Whether this error is worth another try; default: what the vocabulary says. */
  readonly again?: (error: unknown) => boolean;
}

/** What tries need of their surroundings. */
export interface Tries {
  readonly clock: Clock;
  /** Uniform in [0, 1): the jitter. */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/**
 * Calls until it succeeds, fails for good, or patience ends; the last error is thrown as it is.
 *
 * @param call must be idempotent: an answer may have been lost
 */
export async function retried<T>(
  call: () => Promise<T>,
  { clock, random, signal }: Tries,
  patience: Patience = {},
): Promise<T> {
  const { total = 300, first = 500, longest = 20_000, again = mayAgain } = patience;
  const end = clock.now() + total * 1000;
  for (let wait = first; ; wait = Math.min(wait * 2, longest)) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (!again(error)) throw error;
      // Half of it at least, so that many callers spread and none comes back at once.
      const asked = waitAsked(error);
      const ms = (asked === undefined ? wait / 2 : asked * 1000) + (random() * wait) / 2;
      if (clock.now() + ms > end) throw error;
      await clock.sleep(ms, signal);
    }
  }
}
