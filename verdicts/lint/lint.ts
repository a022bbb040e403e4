/** `assay lint`: what is wrong with a plan before anything is measured. Pure. */
import type { Plan } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import { coverage } from './coverage.ts';
import { limits } from './limit.ts';
import type { LintedSuite, Remark, Setting } from './model.ts';
import { plannedNodes } from './planned-nodes.ts';
import { boughtRisks, resolution } from './risks.ts';
import { sampledLot } from './sampled.ts';
import { tally } from './tally.ts';

/**
 * Checks limits against roofline and catalogue, coverage, and what the trials can buy.
 *
 * @param suites the plan's own, configured
 * @param nodes as inventoried; absent: as the delivery promises them
 */
export function lintPlan(
  plan: Plan,
  suites: readonly LintedSuite[],
  nodes?: readonly Node[],
): readonly Remark[] {
  const real = nodes ?? plannedNodes(plan);
  const setting: Setting = {
    plan,
    part: plan.part,
    nodes: real,
    suites,
    cases: suites.flatMap((suite) => suite.cases(real)),
  };
  return [
    ...wholePlan(plan, nodes),
    ...boughtRisks(plan),
    ...sampledLot(plan, real),
    ...plan.criteria.flatMap((criterion) => [
      ...coverage(criterion, setting),
      ...limits(criterion, setting),
      ...tally(criterion, setting),
      ...resolution(criterion, setting),
    ]),
  ];
}

function wholePlan(plan: Plan, nodes: readonly Node[] | undefined): readonly Remark[] {
  const remarks: Remark[] = plan.warnings.map((message) => ({
    level: 'warning',
    message,
    hint: 'See the plan.',
  }));
  const firm = plan.criteria.some(({ mandatory, standing }) => mandatory && standing !== 'sanity');
  if (!firm) {
    remarks.push({
      level: 'warning',
      message: 'no mandatory criterion has a contract or catalogue limit: no run can end in accept',
      hint: 'Add the contract’s figures, or `from: catalogue` for a SKU that has floors.',
    });
  }
  const { count, unit } = plan.delivery;
  if (unit === 'node' && count !== undefined && nodes !== undefined && nodes.length < count) {
    remarks.push({
      level: 'warning',
      message: `${count} nodes were bought and ${nodes.length} are there: the rest stays not tested`,
      hint: 'Name every node of the delivery in the fleet.',
    });
  }
  return remarks;
}
