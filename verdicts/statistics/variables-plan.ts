/** Acceptance sampling by variables (k-method): for reports, never for a verdict. */
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { noncentralTCdf, noncentralTQuantile } from './noncentral-t.ts';
import type { SamplingRisks } from './sampling-plan.ts';

/** Take n; accept when (mean − limit)/s ≥ k. */
export interface VariablesPlan {
  readonly n: number;
  readonly k: number;
}

/**
 * Smallest n, with the k that gives exactly alpha at the accepted fraction. The distribution between
 * parts must be normal, and left tails are what fails.
 *
 * @param sigma whether the standard deviation is known
 * @see R AcceptanceSampling `find.plan(type = "normal")`; ISO 3951; block `find_plan_variables_AcceptanceSampling`
 */
export function findVariablesPlan(risks: SamplingRisks, sigma: 'known' | 'unknown'): VariablesPlan {
  return sigma === 'known' ? knownPlan(risks) : unknownPlan(risks);
}

function knownPlan(risks: SamplingRisks): VariablesPlan {
  const z0 = normalQuantile(1 - risks.accept, 0, 1);
  const z1 = normalQuantile(1 - risks.reject, 0, 1);
  const za = normalQuantile(1 - risks.alpha, 0, 1);
  const zb = normalQuantile(1 - risks.beta, 0, 1);
  const n = Math.ceil(((za + zb) / (z0 - z1)) ** 2);
  return { n, k: z0 - za / Math.sqrt(n) };
}

function unknownPlan(risks: SamplingRisks): VariablesPlan {
  const ncp = (fraction: number, n: number) => -normalQuantile(fraction, 0, 1) * Math.sqrt(n);
  const kOf = (n: number) =>
    noncentralTQuantile(risks.alpha, n - 1, ncp(risks.accept, n)) / Math.sqrt(n);
  const holds = (n: number) =>
    1 - noncentralTCdf(kOf(n) * Math.sqrt(n), n - 1, ncp(risks.reject, n)) <= risks.beta;
  let low = 1;
  let high = 2;
  while (!holds(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return { n: high, k: kOf(high) };
}
