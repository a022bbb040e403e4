/** Natural logarithm of binomial coefficients. */

/** ln of factorials, grown as needed; index = argument. */
const lnFactorials: number[] = [0];
/** What the last sum lost by rounding (Kahan): lots have 10,000 units, and differences are taken. */
let lost = 0;

/**
 * ln C(n, k); −Infinity where the coefficient is 0.
 *
 * @param n non-negative integer
 * @param k integer
 */
export function lnChoose(n: number, k: number): number {
  if (k < 0 || k > n) return -Infinity;
  return lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);
}

function lnFactorial(n: number): number {
  for (let i = lnFactorials.length; i <= n; i += 1) {
    const before = lnFactorials[i - 1] as number;
    const add = Math.log(i) - lost;
    const sum = before + add;
    lost = sum - before - add;
    lnFactorials.push(sum);
  }
  return lnFactorials[n] as number;
}
