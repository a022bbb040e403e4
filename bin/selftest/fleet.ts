/** The plan of a selftest: the same suites, criteria and decision on a few simulated, healthy nodes. */
import type { Plan } from '../../plan/model.ts';
import { simOptions, type SimOptions } from '../../runners/sim/options.ts';
import { goodValues } from './values.ts';

/** Nodes by the widest scope that is measured: one against a majority, two pairs, two domains. */
const NODES = { node: 3, pair: 4, wide: 8 } as const;
/** Nodes a rack or slice where that is what was bought. */
const UNIT = 2;

/**
 * Puts a plan on a small simulated fleet. A plan for `sim` keeps what its parts truly do; its faults
 * are left out, for what is tested is the decision. Any other plan gets parts that are good by its own limits.
 */
export function selftestPlan(plan: Plan): Plan {
  const nodes = plan.delivery.unit === 'node' ? NODES[widest(plan)] : NODES.wide;
  const units = plan.delivery.unit === 'node' ? nodes : Math.ceil(nodes / UNIT);
  const { sampling: _sampling, ...decision } = plan.decision;
  const options = simulated(plan, nodes);
  return {
    ...plan,
    // So small a lot is tested whole, and one bad unit must show.
    decision: { ...decision, nonconforming: 0, sigma: sigma(plan, options) },
    delivery: { ...plan.delivery, count: units },
    fleet: {
      runner: 'sim',
      grace: plan.fleet.grace,
      lease: plan.fleet.lease,
      options,
    },
    // Simulated trials take no time, and a budget for a whole fleet says nothing of this one.
    budget: {},
  };
}

/** So few parts can't show their repeatability; the simulated ones have one that is known. */
function sigma({ decision, criteria }: Plan, { truth }: SimOptions): Sigma {
  if (decision.sigma === 'none') return 'none';
  const known = criteria.flatMap(({ metric, decide }) => {
    const within = truth.metrics[metric]?.within ?? truth.within;
    return decide === 'level' && within > 0 ? [[metric, within] as const] : [];
  });
  return { ...Object.fromEntries(known), ...decision.sigma };
}

type Sigma = NonNullable<Plan['decision']['sigma']>;

function simulated(plan: Plan, nodes: number): SimOptions {
  const rack = { node: {}, rack: { 'rack-size': UNIT }, slice: { 'slice-size': UNIT } }[
    plan.delivery.unit
  ];
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

function widest(plan: Plan): keyof typeof NODES {
  const scopes = plan.suites.flatMap(({ options }): readonly unknown[] =>
    'scopes' in options && Array.isArray(options.scopes) ? options.scopes : [],
  );
  if (scopes.some((scope) => scope !== 'node' && !isPair(scope))) return 'wide';
  return scopes.some(isPair) ? 'pair' : 'node';
}

function isPair(scope: unknown): boolean {
  return scope === 'pair' || scope === 'rail';
}
