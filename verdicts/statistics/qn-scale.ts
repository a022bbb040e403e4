/** Qn: a robust scale without a centre, 82 % efficient for Gaussian data. */

const QN = 2.21914;
/** Finite-sample factors of robustbase 0.95; block `SnQn_finite_sample_factors_robustbase095`. */
const QN_SMALL = [
  0.399356, 0.99365, 0.51321, 0.84401, 0.6122, 0.85877, 0.66993, 0.87344, 0.72014, 0.88906, 0.75743,
] as const;

/**
 * Qn = 2.21914 · the k-th smallest |x_i − x_j|, i < j, k = h(h − 1)/2, h = floor(n/2) + 1, with the
 * finite-sample factor.
 *
 * @param x at least 2 finite values
 * @see Rousseeuw and Croux 1993; robustbase `Qn`
 */
export function qnScale(x: readonly number[]): number {
  return QN * qnFactor(x.length) * kthDistance(x);
}

/**
 * The distance, in O(n log n) by Croux and Rousseeuw 1992: rows of the sorted differences are narrowed
 * around a weighted median. Differences are compared in single precision, as the reference does, so
 * that a value is recognised when it is met again.
 */
function kthDistance(x: readonly number[]): number {
  const y = [...x].sort((a, b) => a - b);
  const n = y.length;
  const h = Math.floor(n / 2) + 1;
  const at = (i: number, j: number) => (y[i] as number) - (y[n - j] as number);
  const left = y.map((_, i) => n - i + 1);
  const right = y.map((_, i) => (i <= h ? n : n - (i - h)));
  const wanted = (h * (h - 1)) / 2 + (n * (n + 1)) / 2;
  let below = (n * (n + 1)) / 2;
  let within = n * n;
  while (within - below > n) {
    const rows = y.flatMap((_, i) => {
      const weight = (right[i] as number) - (left[i] as number) + 1;
      if (i === 0 || weight < 1) return [];
      const middle = (left[i] as number) + Math.floor(weight / 2);
      return [{ value: Math.fround(at(i, middle)), weight }];
    });
    const trial = weightedHighMedian(rows);
    const less = y.map(() => 0);
    const most = y.map(() => 0);
    for (let i = n - 1, j = 0; i >= 0; i -= 1) {
      while (j < n && Math.fround(at(i, j + 1)) < trial) j += 1;
      less[i] = j;
    }
    for (let i = 0, j = n + 1; i < n; i += 1) {
      while (j > 1 && Math.fround(at(i, j - 1)) > trial) j -= 1;
      most[i] = j;
    }
    const sumLess = less.reduce((sum, one) => sum + one, 0);
    const sumMost = most.reduce((sum, one) => sum + one - 1, 0);
    if (wanted <= sumLess) {
      for (const [i, one] of less.entries()) right[i] = one;
      within = sumLess;
    } else if (wanted > sumMost) {
      for (const [i, one] of most.entries()) left[i] = one;
      below = sumMost;
    } else return trial;
  }
  const rest: number[] = [];
  for (let i = 1; i < n; i += 1) {
    for (let j = left[i] as number; j <= (right[i] as number); j += 1) rest.push(at(i, j));
  }
  rest.sort((a, b) => a - b);
  return rest[wanted - below - 1] as number;
}

/** Smallest value up to which more than half of the weight lies. */
function weightedHighMedian(rows: readonly { value: number; weight: number }[]): number {
  const sorted = [...rows].sort((a, b) => a.value - b.value);
  const half = rows.reduce((sum, one) => sum + one.weight, 0) / 2;
  let sum = 0;
  for (const { value, weight } of sorted) {
    sum += weight;
    if (sum > half) return value;
  }
  throw new RangeError('no weight');
}

/** Factor of Qn for a sample of n ≥ 2. */
export function qnFactor(n: number): number {
  const small = QN_SMALL[n - 2];
  if (small !== undefined) return small;
  const rest =
    n % 2 === 1
      ? 1.60188 + (-2.1284 - 5.172 / n) / n
      : 3.67561 + (1.9654 + (6.987 - 77 / n) / n) / n;
  return 1 / (rest / n + 1);
}
