/** Two proofs a criterion: past its bound, and absent; then payloads that skip it. */
import type { Criterion } from '../../plan/model.ts';
import { NODE_CRITERIA } from '../../verdicts/criteria/implicit.ts';
import { READINESS } from '../../verdicts/criteria/readiness.ts';
import type { LotWord } from '../../verdicts/model.ts';
import { countRules } from './count-rules.ts';
import { done, ofCases, output } from './edits.ts';
import { figureRules } from './figure-rules.ts';
import type { Edit, Healthy, Idle, Must, Proofs, Rule } from './model.ts';
import { casesOf } from './promises.ts';
import { readinessRules } from './readiness-rules.ts';
import { resultRules } from './result-rules.ts';

/** Rules of every criterion of the plan; those on nodes as a whole are rules of their own (node-rules.ts). */
export function criterionRules(healthy: Healthy): readonly (Rule | Idle)[] {
  const criteria = healthy.plan.criteria.filter((one) => !(one.metric in NODE_CRITERIA));
  return [
    ...criteria.flatMap((one): readonly (Rule | Idle)[] => {
      const proofs = one.mandatory ? proofsOf(one, healthy) : 'shown only: no verdict rests on it';
      if (typeof proofs === 'string') return [{ id: one.id, why: proofs }];
      return [
        { id: `${one.id}/bound`, ...proofs.past, must: must(one, healthy, ['reject'], 'fail') },
        { id: `${one.id}/absent`, ...proofs.absent, must: must(one, healthy, NOT, 'not-tested') },
      ];
    }),
    ...skippedRules(criteria, healthy),
  ];
}

const NOT = ['reject', 'inconclusive', 'not-tested'] as const;

function proofsOf(criterion: Criterion, healthy: Healthy): Proofs {
  switch (criterion.decide) {
    case 'level':
    case 'tail':
      return figureRules(criterion, healthy);
    case 'events':
      return countRules(criterion, healthy);
    case 'exact':
      return criterion.metric.startsWith(READINESS)
        ? readinessRules(criterion, healthy)
        : resultRules(criterion, healthy);
  }
}

/** A finding on the victim, and the lot with it. */
function must(
  criterion: Criterion,
  { victim }: Healthy,
  lot: readonly LotWord[],
  word: 'fail' | 'not-tested',
): Must {
  const node = criterion.per === 'lot' ? {} : { node: victim };
  return { lot, finding: { criterion: criterion.id, words: [word], ...node } };
}

/**
 * A payload that says "not supported here" has ended well and measured nothing: nobody is at fault, and
 * that is no pass. Once a kind of criterion on one node, once on all.
 */
function skippedRules(criteria: readonly Criterion[], healthy: Healthy): readonly Rule[] {
  const { victim, cases, nodes } = healthy;
  const measured = criteria.filter(
    (one) => one.mandatory && !one.metric.startsWith(READINESS) && casesOf(one, cases).size > 0,
  );
  const kinds = new Map(measured.map((one) => [one.metric.split('.').at(-1), one]));
  /** Whoever works with one of these nodes says the same: a group in which one skips is a group at fault. */
  const skip = (criterion: Criterion, at: readonly string[]): Edit => {
    const own = casesOf(criterion, cases);
    return output(
      (place) =>
        ofCases(place.node, own)(place) && place.step.nodes.some((one) => at.includes(one)),
      () => [done('harness', 'NOT_SUPPORTED')],
    );
  };
  const lot = ['inconclusive', 'not-tested'] as const;
  const [first] = measured;
  return [
    ...[...kinds.values()].map((one) => ({
      id: `${one.id}/skipped`,
      broken: `${victim} says that ${one.metric} is not supported`,
      break: { bytes: skip(one, [victim]) },
      must: must(one, healthy, lot, 'not-tested'),
    })),
    ...(first === undefined
      ? []
      : [
          {
            id: `${first.id}/empty`,
            broken: `no node supports ${first.metric}: an empty distribution`,
            break: { bytes: skip(first, nodes) },
            must: must(first, healthy, lot, 'not-tested'),
          },
        ]),
  ];
}
