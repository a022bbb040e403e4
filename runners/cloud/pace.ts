/** Token buckets: a provider's published limits, kept by us so that it never has to say no. */
import type { Clock } from './clock.ts';

/** A limit as providers publish it: so many at once, refilled by so many a second. */
export interface Limit {
  readonly size: number;
  /** Tokens a second. */
  readonly refill: number;
}

/** Waits for tokens; first come, first served. */
export interface Pace {
  (tokens: number, signal?: AbortSignal): Promise<void>;
  /** The provider said no all the same: its bucket is emptier than ours, by a delay or by others. */
  slow(): void;
}

/** Share of a bucket that a no of the provider's takes out of ours. */
const NO = 0.01;

/**
 * A bucket that starts full.
 *
 * More tokens than it holds are waited for until it would have given them; the debt is paid by those who
 * come after, so that the rate over any time stays within the limit.
 */
export function bucket({ size, refill }: Limit, clock: Clock): Pace {
  const state = { level: size, at: clock.now() };
  let turn: Promise<void> = Promise.resolve();
  const fill = () => {
    const now = clock.now();
    state.level = Math.min(size, state.level + ((now - state.at) / 1000) * refill);
    state.at = now;
    return state.level;
  };
  const take = async (tokens: number, signal?: AbortSignal) => {
    const need = Math.min(tokens, size);
    for (let level = fill(); level < need; level = fill()) {
      await clock.sleep(Math.max(1, Math.ceil(((need - level) / refill) * 1000)), signal);
    }
    state.level -= tokens;
  };
  const pace = (tokens: number, signal?: AbortSignal) => {
    const mine = turn.then(() => take(tokens, signal));
    // One who gave up does not stop those behind.
    turn = mine.catch(() => undefined);
    return mine;
  };
  return Object.assign(pace, {
    slow() {
      fill();
      state.level -= Math.max(1, size * NO);
    },
  });
}

/** Buckets by key, each made when it is first asked for. */
export function buckets(clock: Clock): (key: string, limit: Limit) => Pace {
  const made = new Map<string, Pace>();
  return (key, limit) => {
    const pace = made.get(key) ?? bucket(limit, clock);
    made.set(key, pace);
    return pace;
  };
}
