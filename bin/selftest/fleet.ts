/** The plan of a selftest: the same suites, criteria and decision on a few simulated, healthy nodes. */
import type { Plan } from '../../plan/model.ts';
import { simOptions, type SimOptions } from '../../runners/sim/options.ts';
import { goodValues } from './values.ts';

/** Nodes that are enough for cases on one node and on pairs; wider ones need more. */
const FEW = 4;
const MORE = 8;
/** Nodes a rack or slice where that is what was bought. */
const UNIT = 2;

/**
 * Puts a plan on a small simulated fleet. A plan for `sim` keeps what its parts truly do; its faults
 * are left out, for what is tested is the decision. Any other plan gets parts that are good by its own limits.
 */
export function selftestPlan(plan: Plan): Plan {
  const nodes = wide(plan) ? MORE : FEW;
  const units = plan.delivery.unit === 'node' ? nodes : Math.ceil(nodes / UNIT);
  const bought = plan.delivery.count ?? units;
  return {
    ...plan,
    // As many of a hundred may be bad as before.
    decision: {
      ...plan.decision,
      nonconforming: Math.floor((plan.decision.nonconforming * units) / Math.max(units, bought)),
    },
    delivery: { ...plan.delivery, count: units },
    fleet: {
      runner: 'sim',
      grace: plan.fleet.grace,
      lease: plan.fleet.lease,
      options: simulated(plan, nodes),
    },
    // Simulated trials take no time, and a budget for a whole fleet says nothing of this one.
    budget: {},
  };
}

function simulated(plan: Plan, nodes: number): SimOptions {
  const rack = plan.delivery.unit === 'node' ? {} : { 'rack-size': UNIT };
  if (plan.fleet.runner === 'sim') {
    const own = plan.fleet.options as SimOptions;
    return { ...own, ...rack, nodes, faults: [] };
  }
  const { delivery, part } = plan;
  const machines = (part?.machines ?? []).filter((one) => one.provider === delivery.provider);
  const [first] = machines;
  return simOptions.parse({
    ...rack,
    nodes,
    sku: delivery.sku,
    accelerators: delivery.acceleratorsPerNode,
    ...(first !== undefined && {
      nics: Math.max(...machines.map((one) => one.nics)),
      'nic-rate': `${first.rate.value} B/s`,
    }),
    truth: { between: 0.002, within: 0.005 },
    values: goodValues(plan),
  });
}

/** Whether a suite measures over more than two nodes. */
function wide(plan: Plan): boolean {
  return plan.suites.some(({ options }) => {
    const scopes = 'scopes' in options && Array.isArray(options.scopes) ? options.scopes : [];
    return scopes.some((scope) => scope !== 'node' && scope !== 'pair');
  });
}
