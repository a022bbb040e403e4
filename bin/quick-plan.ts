/** The plan of `assay check`: this machine, one look, for a scheduler's health hook. */
import type { Plan } from '../plan/model.ts';
import type { Composed } from './compose.ts';

/**
 * One trial of each matmul case and readiness: correctness decides, floors are shown, since one trial
 * can carry no level verdict.
 *
 * @param within seconds for all of it
 */
export function quickPlan(composed: Composed, within: number): Composed {
  const criteria = composed.plan.criteria
    .filter((one) => /^(?:matmul|readiness)\./u.test(one.metric))
    .map((one) => (one.decide === 'level' ? { ...one, mandatory: false } : one));
  const suites = composed.plan.suites.filter(({ id }) => id === 'matmul');
  const plan: Plan = {
    ...composed.plan,
    purpose: 'check',
    suites,
    criteria,
    decision: { ...composed.plan.decision, sigma: 'none', maxTrials: 1, consumerRisk: 0.5 },
    budget: { ...composed.plan.budget, wallTime: within },
  };
  const units = {
    ...composed.units,
    suites: composed.units.suites.filter(({ id }) => id === 'matmul'),
  };
  return { ...composed, plan, units };
}
