/** How the verdict was reached, in plain words with its error rates, and what that rests on. */
import { ncclProfile, profileVariables } from '../../../plan/catalogue/nccl-profiles.ts';
import { displayOf, NONE, showCount, showRisk } from '../../figure.ts';
import { parametersText, plural } from '../../words.ts';
import type { Context } from '../context.ts';

const DOUBT = {
  hold: 'holds the lot: it is neither accepted nor rejected',
  accept: 'is borne by the buyer: an undecided unit counts as accepted',
  reject: 'is borne by the provider: an undecided unit counts as rejected',
} as const;

const FROM = {
  plan: 'given in the plan',
  history: 'from earlier runs',
  'this-run': "from this run's own repeats",
  none: 'not known: the sign rule was used',
} as const;

/** The method section. */
export function methodView(context: Context) {
  const { run, survey } = context;
  const { decision } = run.plan;
  const rates = survey.verdict?.errorRates;
  const consumer = rates?.consumerRisk ?? decision.consumerRisk;
  const producer = rates?.producerRisk ?? decision.producerRisk;
  return {
    consumer: showRisk(consumer),
    producer: showRisk(producer),
    perDecision: rates ? showRisk(rates.producerRisk / Math.max(1, rates.decisions)) : NONE,
    decisions: rates ? showCount(rates.decisions) : NONE,
    maxTrials: rates ? plural(rates.maxTrials, 'trial') : NONE,
    doubt: DOUBT[decision.inconclusive],
    nonconforming:
      decision.nonconforming === 0
        ? 'No unit may fail in an accepted lot.'
        : `By contract, ${plural(decision.nonconforming, 'unit')} may fail in an accepted lot.`,
    signRule: run.plan.criteria.some(
      ({ metric, decide }) =>
        decide === 'level' &&
        !rates?.repeatability.some((one) => one.metric === metric && one.from !== 'none'),
    ),
    repeatability: (rates?.repeatability ?? []).map((one) => ({
      metric: [one.metric, parametersText(one.parameters)].filter((part) => part !== '').join(': '),
      sigma: percent(one.sigma),
      classical: percent(one.classical),
      between: one.between === undefined ? NONE : percent(one.between),
      skewness: one.skewness === undefined ? NONE : one.skewness.toFixed(2).replace('-', '−'),
      degrees: showCount(one.degrees),
      from: FROM[one.from],
      round: String(one.round),
    })),
    metrics: run.fleet.metrics
      .filter(({ id }) => run.plan.criteria.some(({ metric }) => metric === id))
      .map(({ id, source, better }) => ({
        id,
        source,
        unit: displayOf(run.fleet.metrics, id).unit,
        better,
      })),
    profile: profileOf(run.plan.suites.find(({ id }) => id === 'nccl')?.options),
    redactions: showCount(survey.redactions),
    notes: survey.verdict?.notes ?? [],
    warnings: run.plan.warnings,
  };
}

/** What the plan's NCCL profile set; a name that is not known set nothing. */
function profileOf(options: unknown) {
  const { profile: name } = (options ?? {}) as { readonly profile?: unknown };
  if (typeof name !== 'string') return undefined;
  const known = ncclProfile(name);
  return {
    name,
    known: known !== undefined,
    network: known?.transport ?? '',
    types: known?.types?.join(', ') ?? '',
    variables: Object.entries(known === undefined ? {} : profileVariables(known)).map(
      ([variable, value]) => `${variable}=${value}`,
    ),
    source: known?.source ?? '',
  };
}

/** Rounded up: a spread never looks smaller than it is. */
function percent(share: number): string {
  return `${(Math.ceil(Number((share * 1e4).toPrecision(10))) / 100).toFixed(2)} %`;
}
