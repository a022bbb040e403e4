/** The criteria table: what was promised, what was found, on what grounds. */
import type { Criterion } from '../../../plan/model.ts';
import type { Finding, Repeatability, Verdict, Word } from '../../../verdicts/model.ts';
import { matches } from '../../../plan/subject.ts';
import { NONE, showCount, showLimit, showRisk } from '../../figure.ts';
import { boundText, parametersText, WORD } from '../../words.ts';
import { numbersOf, type Context } from '../context.ts';

const STANDING = {
  contract: 'contract limit',
  catalogue: 'catalogue limit',
  sanity: 'sanity limit: may reject, cannot accept alone',
} as const;

const DECIDE = {
  level: 'level',
  tail: 'share of requests past the bound',
  exact: 'any deviation fails',
  events: 'count of events',
} as const;

type Judged = Verdict['criteria'][number];

/** A row a criterion, in plan order. */
export function criteriaView(context: Context) {
  const { survey, run } = context;
  const { verdict } = survey;
  const rows: readonly (Criterion & Partial<Judged>)[] = verdict?.criteria ?? run.plan.criteria;
  return {
    rows: rows.map((row) => criterionRow(context, row, verdict)),
    after: rows.filter(({ fixed }) => fixed === 'after').map(({ id }) => id),
  };
}

function criterionRow(
  context: Context,
  row: Criterion & Partial<Judged>,
  verdict: Verdict | undefined,
) {
  const display = context.display(row);
  const spread = verdict?.errorRates.repeatability.find((one) => isFor(one, row));
  return {
    id: row.id,
    anchor: context.anchor('criterion', row.id),
    clause: row.clause ?? '',
    what: [row.metric, parametersText(row.where)].filter((part) => part !== '').join(': '),
    per: `per ${row.per}`,
    bound: boundText(row, display),
    worst: row.worst ? worstCell(context, row.worst, row) : undefined,
    resolution: resolutionOf(row, spread),
    sigma: spread ? `σ ${(spread.sigma * 100).toFixed(2)} %` : '',
    risks: risksOf(row, verdict),
    counts: WORDS.map((word) => ({
      name: WORD[word].text,
      n: row.counts ? showCount(row.counts[word]) : NONE,
      kind: (row.counts?.[word] ?? 0) > 0 ? WORD[word].kind : 'none',
    })),
    mark: WORD[row.verdict ?? 'not-tested'],
    provenance: row.limit.source,
    standing: STANDING[row.standing],
    decide: DECIDE[row.decide],
    nominal: row.nominal
      ? `${showLimit(row.nominal.value, display)} ${display.unit} (${row.nominal.source})`
      : '',
    mandatory: row.mandatory ? 'mandatory' : 'not mandatory: shown only',
    fixed:
      row.fixed === 'before' ? 'fixed before the first trial' : 'fixed AFTER the measurement began',
    late: row.fixed === 'after',
  };
}

const WORDS: readonly Word[] = ['pass', 'fail', 'inconclusive', 'not-tested'];

function worstCell(context: Context, worst: Finding, criterion: Criterion) {
  const { value, unit, interval, n, margin } = numbersOf(context, worst, criterion);
  return {
    subject: context.subject(worst.subject),
    link: context.numberAnchor(worst),
    value,
    unit,
    interval,
    n,
    margin,
    hasValue: worst.estimate !== undefined && criterion.decide !== 'exact',
    reason: worst.reason,
  };
}

/** d = ln(nominal / limit) / sigma: below 2 the metric can't carry a verdict (STATISTICS 2.2). */
function resolutionOf(criterion: Criterion, spread: Repeatability | undefined): string {
  const { nominal, limit } = criterion;
  if (nominal === undefined || spread === undefined || spread.sigma <= 0) return NONE;
  if (nominal.value <= 0 || limit.value <= 0) return NONE;
  const d = Math.abs(Math.log(nominal.value / limit.value)) / spread.sigma;
  return (Math.floor(d * 100) / 100).toFixed(2);
}

function isFor(one: Repeatability, criterion: Criterion): boolean {
  return one.metric === criterion.metric && matches(criterion.where, one.parameters);
}

/** Risks of one decision on one subject; an exact criterion and a count have none to state. */
function risksOf(criterion: Criterion, verdict: Verdict | undefined): string {
  if (verdict === undefined || criterion.decide === 'exact' || criterion.decide === 'events') {
    return '';
  }
  const { consumerRisk, producerRisk, decisions } = verdict.errorRates;
  return `α ${showRisk(consumerRisk)}, β ${showRisk(producerRisk / Math.max(1, decisions))}`;
}
