/** Which of the planned values a criterion is on. */
import type { Criterion } from '../../plan/model.ts';
import { matches } from '../../plan/subject.ts';
import type { Case } from '../../suites/model.ts';
import type { Given } from './model.ts';

/** All values of the criterion's metric, whatever their parameters. */
export function ofMetric(metric: string, cases: readonly Case[]): readonly Given[] {
  return cases.flatMap((of) =>
    of.gives.filter((gives) => gives.metric === metric).map((gives) => ({ of, gives })),
  );
}

/** Those that the criterion is on: metric, parameters and kind of subject. */
export function onCriterion(criterion: Criterion, cases: readonly Case[]): readonly Given[] {
  return ofMetric(criterion.metric, cases).filter(
    ({ of, gives }) =>
      gives.per === criterion.per && matches(criterion.where, gives.parameters ?? of.parameters),
  );
}
