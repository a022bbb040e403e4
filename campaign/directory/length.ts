/** How long an attempt took. */
import type { Attempt } from '../../suites/model.ts';

/**
 * Seconds from the claim to the end of the programs that decide: by the controller's clock, or what the
 * fleet says, where it did not let anybody wait for it.
 */
export function lengthOf({ seconds, exits }: Pick<Attempt, 'seconds' | 'exits'>): number {
  const deciding = exits.filter(({ role }) => role === 'rank' || role === 'load');
  return deciding.reduce((most, exit) => Math.max(most, exit.seconds), seconds);
}
