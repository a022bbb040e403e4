/** Sn: a robust scale without a centre, more efficient than the MAD; O(n²), for n ≤ 2,000. */

const SN = 1.1926;
/** Finite-sample factors of robustbase 0.95; block `SnQn_finite_sample_factors_robustbase095`. */
const SN_SMALL = [0.743, 1.851, 0.954, 1.351, 0.993, 1.198, 1.005, 1.131] as const;
/**
 * Sn = 1.1926 · lomed_i himed_j |x_i − x_j|, with the finite-sample factor.
 *
 * @param x at least 2 finite values
 * @see Rousseeuw and Croux 1993; robustbase `Sn`
 */
export function snScale(x: readonly number[]): number {
  const n = x.length;
  const inner = x.map((one) => {
    const distances = x.map((other) => Math.abs(one - other)).sort(ascending);
    return distances[Math.floor(n / 2)] as number;
  });
  inner.sort(ascending);
  return SN * snFactor(n) * (inner[Math.floor((n + 1) / 2) - 1] as number);
}

/** Factor of Sn for a sample of n ≥ 2. */
export function snFactor(n: number): number {
  return SN_SMALL[n - 2] ?? (n % 2 === 1 ? n / (n - 0.9) : 1);
}

function ascending(a: number, b: number): number {
  return a - b;
}
