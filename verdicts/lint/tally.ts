/** A tail counts requests beyond the suite's own bound: another limit would be another count. */
import { onCriterion } from './given.ts';
import type { CriterionCheck } from './model.ts';

/** Tail criteria whose limit is not the bound that their requests are counted against, or that have none. */
export const tally: CriterionCheck = (criterion, { cases }) => {
  if (criterion.decide !== 'tail') return [];
  const level = criterion.mandatory ? 'error' : 'warning';
  return onCriterion(criterion, cases).flatMap(({ of, gives }) => {
    if (of.scope !== 'endpoint' && of.scope !== 'lot') return [];
    const bound = (gives.parameters ?? of.parameters)['slo'];
    if (bound === criterion.limit.value) return [];
    const message =
      typeof bound === 'number'
        ? `its limit is ${criterion.limit.value} s, and requests are counted against the SLO's ${bound} s`
        : 'no request is counted against a bound: the SLO has none for it';
    const hint = 'Write the same figure in serving.slo and in the criterion.';
    return [{ level, criterion: criterion.id, message, hint }] as const;
  });
};
