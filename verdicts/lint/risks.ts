/** Risks that the trials can't buy, and metrics too noisy to carry a verdict. */
import type { Criterion, Plan } from '../../plan/model.ts';
import type { CriterionCheck, Remark } from './model.ts';

/** Resolution below which a metric can't carry a verdict (STATISTICS.md 2.2). */
const LEAST_RESOLUTION = 2;
/** Trials of the sign rule where the plan says none. */
const SIGN_TRIALS = 5;
/** Weight of the mixture's point at nominal (STATISTICS.md 2.3). */
const WEIGHT = 0.5;

/** Of the whole plan: the sign rule's n trials buy 2⁻ⁿ and no less. */
export function boughtRisks({ decision }: Plan): readonly Remark[] {
  if (decision.sigma !== 'none') return [];
  const trials = decision.maxTrials ?? SIGN_TRIALS;
  const least = 2 ** -trials;
  if (decision.consumerRisk >= least) return [];
  return [
    {
      level: 'error',
      message: `a consumer's risk of ${decision.consumerRisk} is less than ${trials} trials without sigma buy, ${least.toPrecision(3)}`,
      hint: `Set max-trials: ${Math.ceil(-Math.log2(decision.consumerRisk))} or more, or give sigma.`,
    },
  ];
}

/** Of one criterion: resolution, and whether max-trials is enough for a nominal part. */
export const resolution: CriterionCheck = (criterion, { plan }) => {
  const { sigma, maxTrials, consumerRisk } = plan.decision;
  if (criterion.decide !== 'level' || typeof sigma !== 'object') return [];
  const spread = sigma[criterion.metric];
  const margin = marginOf(criterion);
  if (spread === undefined || margin === undefined) return [];
  const d = margin / spread;
  if (d < LEAST_RESOLUTION) {
    return [
      {
        level: 'warning',
        criterion: criterion.id,
        message: `resolution d = ${d.toFixed(2)} is below 2: nominal is ${(margin * 100).toFixed(1)} % from the limit and one trial repeats to ${(spread * 100).toFixed(1)} %`,
        hint: 'More iterations a trial, or report it only: it can carry no verdict.',
      },
    ];
  }
  // Expected log-evidence of n trials of a nominal part is n·d²/2 against ln(1/(w·α)).
  const needed = Math.max(2, Math.ceil((2 * Math.log(1 / (WEIGHT * consumerRisk))) / d ** 2));
  if (maxTrials === undefined || maxTrials >= needed) return [];
  return [
    {
      level: 'warning',
      criterion: criterion.id,
      message: `max-trials ${maxTrials} can't decide a nominal part at d = ${d.toFixed(2)} and consumer's risk ${consumerRisk}: about ${needed} are needed`,
      hint: 'Leave max-trials out: the smallest that decides the lot is then found.',
    },
  ];
};

/** ln of the ratio of nominal to limit, in the good direction. */
function marginOf({ limit, nominal }: Criterion): number | undefined {
  if (nominal === undefined || limit.value <= 0 || nominal.value <= 0) return undefined;
  return Math.abs(Math.log(nominal.value / limit.value));
}
