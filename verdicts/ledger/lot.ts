/** The delivery's word: the census over its serials (STATISTICS 3.2), whichever run each was tested in. */
import { subjectNodes } from '../../plan/subject.ts';
import { identityKeys } from '../criteria/identity.ts';
import { criteriaBars, judgeCensus, type LotResult } from '../lots/census.ts';
import { groupUnits, unitBars, unitsOf } from '../lots/units.ts';
import type { DeliveryRun, NotCounted } from '../model.ts';
import { count, nameOf, some } from '../show.ts';
import type { Machine } from './machines.ts';

/**
 * @param runs counted, in order, one at least; the newest says how many were bought
 * @param machines folded from these runs
 */
export function judgeDelivery(
  runs: readonly DeliveryRun[],
  machines: readonly Machine[],
  notCounted: readonly NotCounted[],
): LotResult {
  const plan = (runs.at(-1) as DeliveryRun).plan;
  const current = machines.filter((one) => one.replacedBy === undefined);
  const words = new Map(current.map((one) => [one.identity, one.verdict]));
  const nodes = current.map(({ identity, domains }) => ({ id: identity, domains }));
  const wide = [
    ...runs.flatMap((run) => wideFailures(run, current)),
    ...lotFailures(runs, current),
  ];
  return judgeCensus({
    units: unitsOf(groupUnits(nodes, plan.delivery.unit), words),
    delivered:
      plan.delivery.count ?? Math.max(...runs.map((run) => run.nodes.length + run.missing)),
    decision: plan.decision,
    wide,
    bars: [
      ...criteriaBars(plan.criteria, plan.part !== undefined, plan.delivery.sku),
      ...unitBars(nodes, plan.delivery.unit),
      ...countBar(runs),
      ...lotBars(runs, current),
      ...strangerBars(runs),
      ...notCounted
        .filter((one) => one.bars)
        .map(({ run, why }) => `run ${run} is not counted: ${why}`),
    ],
  });
}

/** Failing pairs and groups that none of their nodes has been tested after. */
function wideFailures(run: DeliveryRun, current: readonly Machine[]) {
  const byNode = machinesOf(run, current);
  return mandatoryFails(run).flatMap((finding) => {
    const nodes = subjectNodes(finding.subject);
    if (nodes.length < 2) return [];
    const own = nodes.flatMap((node) => byNode.get(node) ?? []);
    if (own.length < nodes.length || own.some((one) => one.from !== run.run)) return [];
    const text = `${finding.criterion} fails on ${nameOf(finding.subject)} of run ${run.run}: ${finding.reason}`;
    return [{ nodes: own.map((one) => one.identity), text }];
  });
}

/** A criterion on the lot as a whole that failed where it was last decided. */
function lotFailures(runs: readonly DeliveryRun[], current: readonly Machine[]) {
  return lotCriteria(runs).flatMap(({ id, latest }) => {
    if (latest?.word !== 'fail') return [];
    const own = [...machinesOf(latest.run, current).values()].map((one) => one.identity);
    return [{ nodes: own, text: `${id} fails on the lot of run ${latest.run.run}` }];
  });
}

/** A criterion on the lot holds for the machines that it was measured on together: all that count, or none. */
function lotBars(runs: readonly DeliveryRun[], current: readonly Machine[]): string[] {
  return lotCriteria(runs).flatMap(({ id, latest }) => {
    if (latest?.word === 'fail') return [];
    if (latest === undefined) return [`${id} was decided on no lot`];
    const covered = new Set(machinesOf(latest.run, current).values());
    const left = current.filter((one) => !covered.has(one)).map((one) => one.identity);
    if (left.length === 0) return [];
    return [
      `${id} was measured without ${some(left)}: it holds for the lot of run ${latest.run.run} only`,
    ];
  });
}

function lotCriteria(runs: readonly DeliveryRun[]) {
  const criteria = (runs[0] as DeliveryRun).plan.criteria;
  return criteria
    .filter((one) => one.per === 'lot' && one.mandatory)
    .map(({ id }) => {
      const decided = runs.flatMap((run) => {
        const word = run.verdict.criteria.find((one) => one.id === id)?.verdict;
        return word === 'pass' || word === 'fail' ? [{ run, word }] : [];
      });
      return { id, latest: decided.at(-1) };
    });
}

/** How many were bought is what the fleet names, as long as every run is of that one fleet. */
function countBar(runs: readonly DeliveryRun[]): string[] {
  const [first] = runs;
  const told = runs.at(-1)?.plan.delivery.count !== undefined;
  if (told || runs.every((run) => run.fleet === first?.fleet)) return [];
  return ['the plan says no delivery.count: how many were bought over several fleets is not known'];
}

/** Nodes without identity that no later run saw with one. */
function strangerBars(runs: readonly DeliveryRun[]): string[] {
  return runs.flatMap((run, at) => {
    const later = runs.slice(at + 1).flatMap((one) => one.nodes);
    const strangers = run.nodes.filter(
      (node) => identityKeys(node).size === 0 && !later.some((one) => known(one, node.name)),
    );
    if (strangers.length === 0) return [];
    const ids = some(strangers.map((node) => node.id));
    return [
      `${count(strangers.length, 'node')} of run ${run.run} without identity can't be followed over runs: ${ids}`,
    ];
  });
}

function known(node: DeliveryRun['nodes'][number], name: string | undefined): boolean {
  return name !== undefined && node.name === name && identityKeys(node).size > 0;
}

function mandatoryFails(run: DeliveryRun) {
  const mandatory = new Set(
    run.verdict.criteria.filter((one) => one.mandatory).map((one) => one.id),
  );
  return run.verdict.findings.filter(
    (one) => one.verdict === 'fail' && mandatory.has(one.criterion),
  );
}

/** Node id in the run → its machine, where that still counts. */
function machinesOf(run: DeliveryRun, current: readonly Machine[]): ReadonlyMap<string, Machine> {
  const own = new Map<string, Machine>();
  for (const machine of current) {
    const seen = machine.sightings.find((one) => one.run === run.run);
    if (seen !== undefined) own.set(seen.node, machine);
  }
  return own;
}
