/** Medians of many short-lived arrays: in place, without sorting all of them. */

/**
 * The value at a rank, by quickselect; reorders the first `length` values.
 *
 * @param values finite numbers
 * @param rank 0-based, below `length`
 */
export function select(values: Float64Array, length: number, rank: number): number {
  let from = 0;
  let to = length - 1;
  while (from < to) {
    const middle = (from + to) >> 1;
    const a = values[from] as number;
    const b = values[middle] as number;
    const c = values[to] as number;
    // Median of three: sorted input would be quadratic otherwise.
    const pivot = a < b ? (b < c ? b : Math.max(a, c)) : a < c ? a : Math.max(b, c);
    let i = from;
    let j = to;
    while (i <= j) {
      while ((values[i] as number) < pivot) i += 1;
      while ((values[j] as number) > pivot) j -= 1;
      if (i <= j) {
        const swap = values[i] as number;
        values[i] = values[j] as number;
        values[j] = swap;
        i += 1;
        j -= 1;
      }
    }
    if (rank <= j) to = j;
    else if (rank >= i) from = i;
    else break;
  }
  return values[rank] as number;
}

/** Median of the first `length` values, which are reordered; NaN when there are none. */
export function medianInPlace(values: Float64Array, length: number): number {
  if (length === 0) return NaN;
  const half = length >> 1;
  const upper = select(values, length, half);
  if (length % 2 === 1) return upper;
  let lower = -Infinity;
  for (let at = 0; at < half; at += 1) {
    const one = values[at] as number;
    if (one > lower) lower = one;
  }
  return (lower + upper) / 2;
}
