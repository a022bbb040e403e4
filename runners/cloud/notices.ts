/** Looking at what a provider announces, place after place, minute after minute. */
import { HarnessError } from '../../plan/errors.ts';
import type { Clock } from './clock.ts';
import type { Notice } from './runner.ts';

/** ms between two looks. */
const EVERY = 60_000;

/** How the provider is asked. */
export interface Looking<T> {
  readonly clock: Clock;
  /** Regions, zones, scale sets: each is asked by itself. */
  readonly places: readonly T[];
  readonly look: (place: T) => Promise<readonly Notice[]>;
  /** What makes two notices the same; absent: kind, detail and machines. */
  readonly keyOf?: (notice: Notice) => string;
}

/**
 * Looks at once and then each minute, until the signal; each thing is told once. Not seeing a notice is no
 * failure of the run: the next look may do.
 */
export async function* lookedAfter<T>(
  { clock, places, look, keyOf = whole }: Looking<T>,
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const told = new Set<string>();
  while (!signal.aborted) {
    for (const place of places) {
      for (const notice of await seen(() => look(place), signal)) {
        if (told.has(keyOf(notice))) continue;
        told.add(keyOf(notice));
        yield notice;
      }
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
): Promise<readonly Notice[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof HarnessError || signal.aborted) return [];
    throw error;
  }
}

function whole({ kind, detail, machines }: Notice): string {
  return `${kind} ${detail} ${machines.join(' ')}`;
}
