/** A lot that is sampled can't be asked what only the whole of it can show. */
import type { Plan } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import { SAMPLING_RISK } from '../lots/sampling.ts';
import { findSamplingPlan } from '../statistics/sampling-plan.ts';
import type { Remark } from './model.ts';

/** Of the whole plan: criteria that need every node where only some are drawn, and lots too small to draw from. */
export function sampledLot(plan: Plan, nodes: readonly Node[]): readonly Remark[] {
  const { decision, delivery, criteria } = plan;
  const { sampling } = decision;
  if (sampling === undefined) return [];
  const lot = delivery.unit === 'node' ? (delivery.count ?? nodes.length) : delivery.count;
  if (lot !== undefined && isCensus(lot, sampling)) {
    const share = (of: number) => `${(of * 100).toPrecision(3)} %`;
    return [
      {
        level: 'warning',
        message: `${lot === 1 ? 'one unit is' : `${lot} units are`} too few to sample between ${share(sampling.accept)} and ${share(sampling.reject)}: all are tested`,
        hint: 'Leave decision.sampling out.',
      },
    ];
  }
  return criteria
    .filter((criterion) => criterion.per === 'lot')
    .map(({ id, mandatory, metric }) => ({
      level: mandatory ? 'error' : 'warning',
      criterion: id,
      message: `asks for a census: ${metric} on the whole lot needs every node, and decision.sampling tests only those that it draws`,
      hint: 'Leave decision.sampling out, or judge it per node, link or group.',
    }));
}

/** No sample smaller than the lot holds both risks. */
function isCensus(lot: number, sampling: NonNullable<Plan['decision']['sampling']>): boolean {
  const plan = findSamplingPlan(lot, { ...sampling, alpha: SAMPLING_RISK, beta: SAMPLING_RISK });
  return plan === 'census' || plan.n >= lot;
}
