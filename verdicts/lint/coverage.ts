/** Criteria that nothing measures, or that name more than one case. */
import { nearest } from '../../plan/options.ts';
import { ofMetric, onCriterion } from './given.ts';
import type { CriterionCheck, Given, Remark } from './model.ts';

/**
 * A criterion must meet one case's values, on its kind of subject. What inventory and companion give
 * (readiness.…, companion.…) comes with every run and has no case; the loader knows their names.
 */
export const coverage: CriterionCheck = (criterion, { cases, nodes, plan }) => {
  const { id, metric, where, per } = criterion;
  if (!plan.suites.some((suite) => metric.startsWith(`${suite.id}.`))) return [];
  const level = criterion.mandatory ? 'error' : 'warning';
  const remark = (message: string, hint: string): readonly Remark[] => [
    { level, criterion: id, message, hint },
  ];
  const all = ofMetric(metric, cases);
  if (all.length === 0) {
    return remark(
      `no case of this plan measures ${metric} on ${nodes.length} nodes`,
      'Configure a suite, a collective or a scope that measures it, or drop the criterion.',
    );
  }
  const met = onCriterion(criterion, cases);
  if (met.length > 1 && (criterion.decide === 'level' || criterion.decide === 'tail')) {
    return remark(
      `names ${met.length} kinds of value at once: ${differences(met)}`,
      'Add to where until it names one case.',
    );
  }
  if (met.length > 0) return [];
  for (const [key, value] of Object.entries(where)) {
    const seen = [...new Set(all.map((one) => parameters(one)[key]))];
    if (seen.includes(value)) continue;
    const given = seen.filter((one) => one !== undefined).map(String);
    if (given.length === 0) {
      const keys = [...new Set(all.flatMap((one) => Object.keys(parameters(one))))];
      return remark(`${metric} has no parameter "${key}"`, nearest(key, keys, 'It has'));
    }
    return remark(
      `no case measures ${metric} at ${key}: ${value}; the plan measures ${given.join(', ')}`,
      `${nearest(String(value), given, 'Measured')} Or configure the suite to measure it.`,
    );
  }
  const kinds = [...new Set(all.map(({ gives }) => gives.per))];
  return kinds.includes(per)
    ? remark(
        `no case measures ${metric} with all of ${JSON.stringify(where)} at once, per ${per}`,
        'Name parameters that one case has together.',
      )
    : remark(
        `wrong scope: per ${per}, but ${metric} is measured per ${kinds.join(', ')}`,
        `Write per: ${kinds[0] ?? 'node'}.`,
      );
};

function parameters({ of, gives }: Given) {
  return gives.parameters ?? of.parameters;
}

function differences(met: readonly Given[]): string {
  const keys = [...new Set(met.flatMap((one) => Object.keys(parameters(one))))];
  const told = keys.flatMap((key) => {
    const values = [...new Set(met.map((one) => String(parameters(one)[key] ?? 'none')))];
    return values.length > 1 ? [`${key} ${values.slice(0, 6).join(' | ')}`] : [];
  });
  return told.length > 0 ? told.join('; ') : met.map(({ of }) => of.id).join(' | ');
}
