/** Looking at what a provider announces, place after place, minute after minute. */
import { HarnessError } from '../../plan/errors.ts';
import type { Clock } from './clock.ts';
import type { Notice } from './runner.ts';
import { Told } from './told.ts';

/** ms between two looks. */
const EVERY = 60_000;

/** How the provider is asked. */
export interface Looking<T> {
  readonly clock: Clock;
  /** Regions, zones, scale sets: each is asked by itself. */
  readonly places: readonly T[];
  readonly look: (place: T) => Promise<readonly Notice[]>;
  /** What makes two notices the same; absent: all of it. */
  readonly keyOf?: (notice: Notice) => string;
}

/**
 * Looks at once and then each minute, until the signal; each thing is told once, the end of a window too. Not being
 * able to look is no failure of the run, and no end of a window: the next look may do.
 */
export async function* lookedAfter<T>(
  { clock, places, look, keyOf }: Looking<T>,
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const told = places.map((place) => ({ place, told: new Told(keyOf) }));
  while (!signal.aborted) {
    for (const one of told) {
      const now = await seen(() => look(one.place), signal);
      if (now !== undefined) yield* one.told.news(now);
    }
    try {
      await clock.sleep(EVERY, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

async function seen(
  look: () => Promise<readonly Notice[]>,
  signal: AbortSignal,
): Promise<readonly Notice[] | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof HarnessError || signal.aborted) return undefined;
    throw error;
  }
}
