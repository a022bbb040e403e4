/** The plan of a night's run: one trial of each case on each node; levels are for detection, checks decide. */
import type { Plan } from '../../plan/model.ts';
import type { Composed } from '../compose.ts';

/**
 * @param what.suites those that are needed; absent: all of the plan
 */
export function nightPlan(
  composed: Composed,
  what: {
    readonly purpose: 'nightly' | 'confirm';
    readonly seed: number;
    readonly suites?: readonly string[];
  },
): Composed {
  const { plan, units } = composed;
  const wanted = (id: string) => what.suites === undefined || what.suites.includes(id);
  const { estimate: _estimate, only: _only, ...rest } = plan;
  const { onReject: _reject, onAccept: _accept, keep: _keep, ...fleet } = plan.fleet;
  const { sampling: _sampling, ...decision } = plan.decision;
  const own: Plan = {
    ...rest,
    purpose: what.purpose,
    seed: what.seed,
    // Nobody is told of one trial: hooks are for verdicts.
    fleet,
    suites: plan.suites.filter(({ id }) => wanted(id)),
    criteria: plan.criteria.filter(
      ({ decide, metric }) =>
        (decide === 'exact' || decide === 'events') && wantedCriterion(metric, wanted),
    ),
    decision: { ...decision, sigma: 'none', maxTrials: 1, consumerRisk: 0.5 },
    budget: { ...plan.budget, ...plan.nightly?.budget },
  };
  const suites = units.suites.filter(({ id }) => wanted(id));
  return { ...composed, plan: own, units: { ...units, suites } };
}

/** Readiness and the companion's events belong to every run; a suite's own checks to that suite. */
function wantedCriterion(metric: string, wanted: (id: string) => boolean): boolean {
  const first = metric.slice(0, metric.indexOf('.'));
  return !['nccl', 'matmul', 'inference'].includes(first) || wanted(first);
}
