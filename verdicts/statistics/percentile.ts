/** The percentiles of the field's tools, by name: the same data give different p90s. */

/**
 * Linear interpolation (R type 7, numpy's default): ours, and vLLM's.
 *
 * @param sorted ascending, non-empty
 * @param p in [0, 1]
 * @see STATISTICS.md 6.4, block `percentiles_1to10`
 */
export function percentileType7(sorted: readonly number[], p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (at - below);
}

/** The smallest value with at least a share p at or below it (nccl-tests). */
export function percentileNearestRank(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil(p * sorted.length - 1e-9) - 1)] as number;
}

/** sorted[floor(n·p)] (MLPerf loadgen). */
export function percentileMlperf(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] as number;
}

/**
 * First value whose cumulated share, summed one 1/n after the other, reaches p (guidellm): rounding
 * of the sums moves it by one rank at times.
 */
export function percentileGuidellm(sorted: readonly number[], p: number): number {
  let share = 0;
  for (const value of sorted) {
    share += 1 / sorted.length;
    if (share >= p) return value;
  }
  return sorted.at(-1) as number;
}
