/** What the lot's word rests on: what was bought and promised, doubt, and runs that were cut short. */
import type { Criterion, Plan } from '../../plan/model.ts';
import { NODE_CRITERIA } from '../../verdicts/criteria/implicit.ts';
import type { LotWord } from '../../verdicts/model.ts';
import { ofCases, records } from './edits.ts';
import type { Break, Healthy, Idle, Rule } from './model.ts';
import { casesOf, concerns } from './promises.ts';

/** Past every deadline that a selftest sets. */
const BUDGET = 12 * 3600;

/** Rules of the lot, one row each. */
export function lotRules(healthy: Healthy): readonly (Rule | Idle)[] {
  const half = Math.ceil(healthy.attempts / 2);
  const changed = (change: (plan: Plan) => Plan): Break => ({ plan: change });
  const barred = (id: string, broken: string, how: Break, reason: RegExp): Rule => ({
    id,
    broken,
    break: how,
    must: { lot: ['inconclusive', 'not-tested'], reason },
  });
  return [
    barred(
      'lot/unknown-sku',
      'the catalogue does not know the part',
      changed(({ part: _part, ...plan }) => ({
        ...plan,
        delivery: { ...plan.delivery, sku: 'no-such-part' },
      })),
      /not in the catalogue/u,
    ),
    barred(
      'lot/no-criteria',
      'the plan has no criterion',
      changed((plan) => ({ ...plan, criteria: [] })),
      /no mandatory criterion/u,
    ),
    barred(
      'lot/shown-only',
      'every criterion is shown only',
      changed((plan) => ({ ...plan, criteria: each(plan, { mandatory: false }) })),
      /no mandatory criterion/u,
    ),
    barred(
      'lot/sanity-only',
      'every limit is a sanity floor',
      changed((plan) => ({ ...plan, criteria: each(plan, { standing: 'sanity' }) })),
      /sanity floor/u,
    ),
    barred(
      'lot/unmeasured-criterion',
      'a criterion that no case measures',
      changed((plan) => ({ ...plan, criteria: [...plan.criteria, unmeasured(plan)] })),
      /not fully tested|judged on nothing/u,
    ),
    barred(
      'lot/short-delivery',
      'one unit more was bought than is there',
      changed((plan) => ({
        ...plan,
        delivery: { ...plan.delivery, count: (plan.delivery.count ?? 0) + 1 },
      })),
      /1 unit of \d+ not fully tested/u,
    ),
    barred(
      'lot/budget',
      'the budget ends half-way',
      {
        plan: (plan) => ({ ...plan, budget: { wallTime: BUDGET } }),
        after: { attempts: half, happens: 'a-day' },
      },
      /budget/u,
    ),
    {
      id: 'lot/interrupted',
      broken: 'the run is interrupted half-way',
      break: { after: { attempts: half, happens: 'interrupt' } },
      must: { unsealed: true },
    },
    ...doubt(healthy),
  ];
}

/** A value that sways about its limit is never decided: the plan says who bears that. */
function doubt(healthy: Healthy): readonly (Rule | Idle)[] {
  const { plan, victim, accelerator, verdict } = healthy;
  const criterion = plan.criteria.find((one) => one.decide === 'level' && one.mandatory);
  const row = verdict.criteria.find((one) => one.id === criterion?.id);
  const seen = row?.worst?.estimate?.value;
  if (criterion === undefined || seen === undefined) {
    return [{ id: 'lot/doubt', why: 'the plan has no mandatory limit on a figure' }];
  }
  const which = ofCases(victim, casesOf(criterion, healthy.cases));
  const scoped = healthy.cases.some((one) => one.scope !== 'node');
  // What is above a node in doubt is never measured there, and that is no ground to reject.
  const rejected: readonly LotWord[] = scoped ? ['inconclusive', 'reject'] : ['reject'];
  const rule = (inconclusive: 'hold' | 'reject'): Rule => ({
    id: `lot/doubt-${inconclusive}`,
    broken: `${criterion.metric} of ${victim} sways about its limit (inconclusive: ${inconclusive})`,
    break: {
      plan: (one) => ({ ...one, decision: { ...one.decision, inconclusive } }),
      bytes: records(which, (line, { trial }) =>
        line['kind'] === 'sample' && concerns(criterion, line, accelerator)
          ? { ...line, value: swaying(line, criterion, trial) }
          : line,
      ),
    },
    must: {
      lot: inconclusive === 'hold' ? ['inconclusive'] : rejected,
      finding: { criterion: criterion.id, words: ['inconclusive'], node: victim },
    },
  });
  const swaying = (line: Readonly<Record<string, unknown>>, of: Criterion, trial: number) => {
    const sway = trial % 2 === 0 ? 1.004 : 0.996;
    const isTime = (name: unknown) => String(name).endsWith('.time');
    const value = Number(line['value']);
    if (line['metric'] === of.metric) return of.limit.value * sway;
    return isTime(line['metric']) === isTime(of.metric)
      ? (value * of.limit.value * sway) / seen
      : (value * seen) / (of.limit.value * sway);
  };
  return [rule('hold'), rule('reject')];
}

function each(plan: Plan, over: Partial<Criterion>): readonly Criterion[] {
  return plan.criteria.map((one) => ({ ...one, ...over }));
}

function unmeasured(plan: Plan): Criterion {
  const first = plan.criteria.find(
    (one) => one.decide !== 'events' && !(one.metric in NODE_CRITERIA),
  );
  if (first === undefined) throw new Error('an accepted plan has no criterion on what is measured');
  return {
    ...first,
    id: 'selftest-unmeasured',
    mandatory: true,
    where: { ...first.where, selftest: 'nothing has this parameter' },
  };
}
