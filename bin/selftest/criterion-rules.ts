/** Two proofs a criterion: past its bound, and absent. */
import type { Criterion } from '../../plan/model.ts';
import { NODE_CRITERIA } from '../../verdicts/criteria/implicit.ts';
import { countRules } from './count-rules.ts';
import { figureRules } from './figure-rules.ts';
import type { Healthy, Idle, Must, Rule } from './model.ts';
import { readinessRules } from './readiness-rules.ts';
import { resultRules } from './result-rules.ts';

/** What a kind of criterion gives: how it is pushed past its bound, and how it is made to be absent. */
export type Proofs = Readonly<Record<'past' | 'absent', Pick<Rule, 'broken' | 'break'>>> | string;

/** Rules of every criterion of the plan; those on nodes as a whole are rules of their own (rules/). */
export function criterionRules(healthy: Healthy): readonly (Rule | Idle)[] {
  return healthy.plan.criteria
    .filter((one) => !(one.metric in NODE_CRITERIA))
    .flatMap((one): readonly (Rule | Idle)[] => {
      const proofs = proofsOf(one, healthy);
      if (typeof proofs === 'string') return [{ id: one.id, why: proofs }];
      return [
        { id: `${one.id}/bound`, ...proofs.past, must: must(one, healthy, 'fail') },
        { id: `${one.id}/absent`, ...proofs.absent, must: must(one, healthy, 'not-tested') },
      ];
    });
}

function proofsOf(criterion: Criterion, healthy: Healthy): Proofs {
  switch (criterion.decide) {
    case 'level':
    case 'tail':
      return figureRules(criterion, healthy);
    case 'events':
      return countRules(criterion, healthy);
    case 'exact':
      return criterion.metric.startsWith('readiness.')
        ? readinessRules(criterion, healthy)
        : resultRules(criterion, healthy);
  }
}

/** A finding on the victim; the lot with it, unless the criterion is shown only. */
function must(criterion: Criterion, healthy: Healthy, word: 'fail' | 'not-tested'): Must {
  const node = criterion.per === 'lot' ? {} : { node: healthy.victim };
  const finding = { criterion: criterion.id, words: [word], ...node } as const;
  if (!criterion.mandatory) {
    return { lot: ['accept', 'reject', 'inconclusive', 'not-tested'], finding };
  }
  return word === 'fail'
    ? { lot: ['reject'], finding }
    : { lot: ['reject', 'inconclusive', 'not-tested'], finding };
}
