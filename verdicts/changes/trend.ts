/** Change points of a series that is shown: over all its nights, up as well as down. */
import { changePoints } from './e-divisive.ts';
import type { Series } from './model.ts';
import { PLAIN } from './t-test.ts';

/** A change of level, for a chart. */
export interface TrendChange {
  /** First night of the new level. */
  readonly date: string;
  /** Means of the levels before and after, Metric.unit. */
  readonly before: number;
  readonly after: number;
}

/**
 * @param margin least relative change that is shown
 * @see STATISTICS.md 4.3: window 50, p 1e-5
 */
export function trendChanges({ nights }: Series, margin: number): readonly TrendChange[] {
  const values = nights.map((one) => one.value);
  const options = {
    window: 50,
    maxP: 1e-5,
    minMagnitude: margin,
    ddof: 1,
    renew: 'both',
    widening: PLAIN,
  } as const;
  return changePoints(values, options).map(({ index, before, after }) => ({
    date: (nights[index] as { date: string }).date,
    before: before.mean,
    after: after.mean,
  }));
}
