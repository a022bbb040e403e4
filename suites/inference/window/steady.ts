/** Where a window's warm-up ends, and whether its load piles up. */
import type { RequestRow } from './row.ts';

/** Requests that are averaged before the rule looks at them: single ones are too noisy. */
const BATCH = 5;

/**
 * MSER-5: the cut that makes the mean of what is left most certain,
 * d* = argmin_d Σ_{i>d} (y_i − ȳ)² / (n − d)², over means of five requests.
 *
 * @param values one a request, in the order of the schedule
 * @returns requests to drop, a multiple of five; undefined: the best cut lies in the later half, so there
 *   is no steady state to be seen (or there are fewer than 10 requests)
 * @see STATISTICS.md 6.3; White 1997
 */
export function warmUp(values: readonly number[]): number | undefined {
  const means: number[] = [];
  for (let at = 0; at + BATCH <= values.length; at += BATCH) {
    means.push(mean(values.slice(at, at + BATCH)));
  }
  if (means.length < 2) return undefined;
  let best = { cut: 0, score: Number.POSITIVE_INFINITY };
  // From the end, so that sums need no second pass.
  let sum = 0;
  let squares = 0;
  for (let cut = means.length - 1; cut >= 0; cut -= 1) {
    const value = means[cut] as number;
    sum += value;
    squares += value * value;
    const left = means.length - cut;
    // The last few always look certain.
    if (left < Math.max(2, means.length / 8)) continue;
    const score = Math.max(0, squares - (sum * sum) / left) / (left * left);
    // An earlier cut of equal score keeps more.
    if (score <= best.score) best = { cut, score };
  }
  return best.cut > means.length / 2 ? undefined : best.cut * BATCH;
}

/** Parts into which a window is cut for its slopes: their means are nearly independent. */
const PARTS = 8;
/** Student's t, 6 degrees of freedom, one-sided 99.9 %: a sound window must not be called saturated. */
const T_999 = 5.2076;
/** Share of the offered load that piles up, below which it is no saturation. */
const MATERIAL = 0.05;

/** How the backlog grew over a window. */
export interface Backlog {
  /** Requests under way, growth a second. */
  readonly slope: number;
  /** Seconds of TTFT, growth a second. */
  readonly ttftSlope: number;
  /** Both grow, with 99.9 % confidence each, and the backlog by more than 5 % of the offered load. */
  readonly saturated: boolean;
}

/**
 * Backlog and TTFT against time, over 8 parts of the window: saturated when both slopes are positive.
 *
 * @param rows in the order of the schedule; failed ones stand with how long they took
 * @see STATISTICS.md 6.4 (guidellm's over-saturation: slope of concurrency and of TTFT)
 */
export function backlog(rows: readonly RequestRow[]): Backlog {
  const [first, last] = [rows[0], rows.at(-1)];
  const none = { slope: 0, ttftSlope: 0, saturated: false };
  if (first === undefined || last === undefined || rows.length < 2 * PARTS) return none;
  const length = (last.scheduled - first.scheduled) / PARTS;
  if (!(length > 0)) return none;
  // As they were sent: a trace has its own pace, whatever rate its case is named by.
  const offered = rows.length / (PARTS * length);
  const middle = (part: number) => first.scheduled + (part + 0.5) * length;
  const places = Array.from({ length: PARTS }, (_, part) => middle(part));
  const starts = rows.map((row) => row.scheduled);
  const ends = rows.map((row) => row.ended).sort((a, b) => a - b);
  // Mean over 16 moments a part: one moment would be at the mercy of a burst.
  const underWay = places.map((place) =>
    mean(
      Array.from({ length: 16 }, (_, at) => {
        const moment = place + ((at + 0.5) / 16 - 0.5) * length;
        return countUpTo(starts, moment) - countUpTo(ends, moment);
      }),
    ),
  );
  const waits = places.map((place) => {
    const own = rows.filter((row) => Math.abs(row.scheduled - place) <= length / 2);
    return own.length === 0 ? 0 : mean(own.map((row) => (row.first ?? row.ended) - row.scheduled));
  });
  const load = slopeOf(places, underWay);
  const wait = slopeOf(places, waits);
  return {
    slope: load.slope,
    ttftSlope: wait.slope,
    saturated: load.least > 0 && wait.least > 0 && load.slope > MATERIAL * offered,
  };
}

/** Least-squares slope, and its lower limit at 99.9 %. */
function slopeOf(x: readonly number[], y: readonly number[]) {
  const [mx, my] = [mean(x), mean(y)];
  const sxx = x.reduce((sum, one) => sum + (one - mx) ** 2, 0);
  const slope = x.reduce((sum, one, at) => sum + (one - mx) * ((y[at] as number) - my), 0) / sxx;
  const residual = x.reduce(
    (sum, one, at) => sum + ((y[at] as number) - my - slope * (one - mx)) ** 2,
    0,
  );
  const error = Math.sqrt(residual / (PARTS - 2) / sxx);
  return { slope, least: slope - T_999 * error };
}

/** How many of ascending values are at or below one. */
function countUpTo(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
