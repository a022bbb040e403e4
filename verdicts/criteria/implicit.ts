/** Criteria that every run has, whether or not the plan names them. */
import type { Criterion, Subject } from '../../plan/model.ts';

/** What is judged on each node without a case; a plan's own criterion on such a metric replaces it. */
export const NODE_CRITERIA = {
  completeness: 'every trial on the node ends as measured',
  'delivery.matches': 'part, count and memory are those bought',
  correctness: 'no check is false, whether or not a criterion names it',
  readiness: 'every readiness check of the inventory is true',
  identity: 'no two nodes are one machine',
  uniform: 'drivers, firmware and libraries are equal over the lot',
} as const;

/** Name of a criterion on nodes. */
export type NodeCriterion = keyof typeof NODE_CRITERIA;

/** Every name of a criterion on nodes, in the order in which they are shown. */
export const NODE_CRITERION_NAMES = Object.keys(NODE_CRITERIA) as readonly NodeCriterion[];

/** The criterion that stands where the plan has none of its own; `uniform` is shown only. */
export function nodeCriterion(name: NodeCriterion): Criterion {
  return exactCriterion(name, name, 'node', name !== 'uniform', NODE_CRITERIA[name]);
}

/** What localisation holds against a node beside the criteria themselves. */
export function localisedCriterion(): Criterion {
  const rule = 'no part that nodes share is at fault, and no group is slow because of one node';
  return exactCriterion('localisation', 'localisation', 'node', true, rule);
}

/** A check or digest that a case gives and no criterion of the plan names. */
export function givenCriterion(name: string, id: string, per: Subject['kind']): Criterion {
  return exactCriterion(id, name, per, true, 'no wrong result is acceptable');
}

function exactCriterion(
  id: string,
  metric: string,
  per: Subject['kind'],
  mandatory: boolean,
  rule: string,
): Criterion {
  return {
    id,
    metric,
    where: {},
    per,
    mandatory,
    decide: 'exact',
    // It may reject and never accepts alone.
    standing: 'sanity',
    bound: 'at-least',
    limit: { value: 1, source: `assay: ${rule}` },
    fixed: 'before',
  };
}
