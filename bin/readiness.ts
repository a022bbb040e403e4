/** The plan of `assay nodes --judge`: is each node fit to be tested, and is it what was bought? */
import { readinessRules } from '../runners/inventory/readiness.ts';
import type { Criterion, Plan } from '../plan/model.ts';

/** Checks that every node of a kind must show, whatever it may not let us read. */
const DEMANDED: Readonly<Record<string, readonly (keyof typeof readinessRules)[]>> = {
  gpu: ['readiness.accelerator-count', 'readiness.accelerator-memory'],
  tpu: ['readiness.accelerator-count'],
  cpu: ['readiness.accelerator-count', 'readiness.shm'],
};

/**
 * The plan without suites; its criteria are the readiness checks: those that it names, and those that
 * every node of the kind must show. What else is read and is wrong fails `readiness`; what can't be
 * read for want of rights is listed as lost.
 */
export function readinessPlan(plan: Plan): Plan {
  const named = plan.criteria.filter((one) => one.metric.startsWith('readiness.'));
  const demanded = (DEMANDED[plan.part?.kind ?? 'gpu'] ?? [])
    .filter((metric) => !named.some((one) => one.metric === metric))
    .map((metric): Criterion => ({
      id: metric,
      metric,
      where: {},
      per: readinessRules[metric].per,
      mandatory: true,
      decide: 'exact',
      standing: 'catalogue',
      bound: 'at-least',
      limit: { value: 1, source: 'FACTS.md F: the first ten minutes' },
      fixed: 'before',
    }));
  return { ...plan, purpose: 'readiness', suites: [], criteria: [...named, ...demanded] };
}
