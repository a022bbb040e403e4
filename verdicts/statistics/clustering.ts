/** Samples whose units resemble their neighbours. */

/**
 * n/(1 + (m − 1)·ICC): how many independent units a clustered sample is worth.
 *
 * @param n units in the sample
 * @param m units a cluster, on average
 * @param correlation intraclass correlation
 * @see Kish 1965; STATISTICS.md 3.3
 */
export function effectiveSize(n: number, m: number, correlation: number): number {
  return n / Math.max(1, 1 + (m - 1) * correlation);
}

/**
 * One-way analysis-of-variance estimate: (MSB − MSW)/(MSB + (m0 − 1) MSW).
 *
 * @param clusters values of each cluster, e.g. 1 for a nonconforming unit
 * @returns undefined for fewer than two clusters, none with two units, or no variation
 * @see Donner 1986
 */
export function intraclassCorrelation(
  clusters: readonly (readonly number[])[],
): number | undefined {
  const k = clusters.length;
  const n = clusters.reduce((sum, one) => sum + one.length, 0);
  if (k < 2 || n <= k) return undefined;
  const grand = clusters.flat().reduce((sum, one) => sum + one, 0) / n;
  let between = 0;
  let within = 0;
  let squares = 0;
  for (const cluster of clusters) {
    const mean = cluster.reduce((sum, one) => sum + one, 0) / cluster.length;
    between += cluster.length * (mean - grand) ** 2;
    squares += cluster.length ** 2;
    for (const value of cluster) within += (value - mean) ** 2;
  }
  const m0 = (n - squares / n) / (k - 1);
  const msb = between / (k - 1);
  const msw = within / (n - k);
  const total = msb + (m0 - 1) * msw;
  return total === 0 ? undefined : (msb - msw) / total;
}
