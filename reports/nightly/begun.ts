/** What a declared change did to the baselines, in words. */
import type { NightFile } from '../../campaign/nightly/model.ts';

/** One sentence; it says what is held against nothing. */
export function begunText({
  change,
  series,
  unheld,
}: NonNullable<NightFile['begun']>[number]): string {
  const learnt = `${change.what} from ${change.date}: the baselines of ${series} series begin anew`;
  return unheld === 0
    ? learnt
    : `${learnt}; ${unheld} of them had no accepted level yet: a loss that came with the change is not seen there`;
}
