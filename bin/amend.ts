/** An amended plan over a run that was measured under another: criteria and decision may change, nothing else. */
import { canonical } from '../campaign/directory/canonical.ts';
import type { Criterion, Plan } from '../plan/model.ts';

/**
 * The run's plan with the amended one's criteria and decision.
 *
 * @returns criteria that are not word for word the run's own say `fixed: 'after'`
 */
export function amend(original: Plan, amended: Plan): Plan {
  const before = new Map(
    original.criteria.map((one) => [one.id, canonical({ ...one, fixed: '' })]),
  );
  const criteria = amended.criteria.map((one): Criterion => {
    const same = before.get(one.id) === canonical({ ...one, fixed: '' });
    return { ...one, fixed: same ? 'before' : 'after' };
  });
  return { ...original, criteria, decision: amended.decision, warnings: amended.warnings };
}
