/** Acceptance sampling by attributes from a finite lot. */
import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';
import hypergeometricCdf from '@stdlib/stats-base-dists-hypergeometric-cdf';

/** What a plan must hold. */
export interface SamplingRisks {
  /** Fraction nonconforming at which a lot is accepted with probability ≥ 1 − alpha. */
  readonly accept: number;
  readonly alpha: number;
  /** Fraction nonconforming at which a lot is accepted with probability ≤ beta. */
  readonly reject: number;
  readonly beta: number;
}

/** Take n; accept with c nonconforming or fewer. */
export interface SamplingPlan {
  readonly n: number;
  readonly c: number;
  /** P(accept) at D0 and at D1 defects. */
  readonly atAccept: number;
  readonly atReject: number;
}

/** D0 = floor(N·p0), D1 = ceil(N·p1): whole units, to the safe side. */
export function defectsAt(lot: number, risks: SamplingRisks): { d0: number; d1: number } {
  return { d0: Math.floor(lot * risks.accept + 1e-9), d1: Math.ceil(lot * risks.reject - 1e-9) };
}

/**
 * Single plan: smallest c, then smallest n, that holds both risks.
 *
 * @param lot N ≥ 1
 * @returns "census" when no sample smaller than the lot does
 * @see R AcceptanceSampling `find.plan(type = "hypergeom")`; block `find_plan_hypergeom_AcceptanceSampling`
 */
export function findSamplingPlan(lot: number, risks: SamplingRisks): SamplingPlan | 'census' {
  const { d0, d1 } = defectsAt(lot, risks);
  let n = 1;
  let c = 0;
  while (n <= lot) {
    const atReject = hypergeometricCdf(c, lot, d1, n);
    const atAccept = hypergeometricCdf(c, lot, d0, n);
    if (atReject > risks.beta) n += 1;
    else if (atAccept < 1 - risks.alpha) c += 1;
    else return { n, c, atAccept, atReject };
  }
  return 'census';
}

/** Two samples: accept on the first with ≤ c1, reject with ≥ r1; accept on both with ≤ c2. */
export interface DoublePlan {
  readonly n: readonly [number, number];
  readonly c: readonly [number, number];
  /** Rejection numbers; the second is c2 + 1. */
  readonly r: readonly [number, number];
}

/**
 * P(accept) of a double plan at a fraction nonconforming.
 *
 * @param lot undefined: a lot without end (binomial)
 * @see R AcceptanceSampling `OC2c`; block `oc_double_AcceptanceSampling`
 */
export function doublePlanAcceptance(plan: DoublePlan, fraction: number, lot?: number): number {
  const [n1, n2] = plan.n;
  const defects = Math.round((lot ?? 0) * fraction);
  const first = (x: number) =>
    lot === undefined ? binomialCdf(x, n1, fraction) : hypergeometricCdf(x, lot, defects, n1);
  const second = (x: number, seen: number) =>
    lot === undefined
      ? binomialCdf(x, n2, fraction)
      : hypergeometricCdf(x, lot - n1, defects - seen, n2);
  let sum = first(plan.c[0]);
  for (let seen = plan.c[0] + 1; seen < plan.r[0]; seen += 1) {
    if (lot !== undefined && seen > defects) break;
    const here = first(seen) - first(seen - 1);
    if (here > 0) sum += here * second(plan.c[1] - seen, seen);
  }
  return sum;
}
