/** Chooses how a level criterion decides: from the plan, from history, or from what is measured first. */
import type { Criterion, Decision } from '../../plan/model.ts';
import type { Repeatability } from '../model.ts';
import { SMALLEST_SIGMA, type Spread } from './repeatability.ts';
import { defaultMaxTrials } from './max-trials.ts';
import type { Rule } from './rule.ts';
import { signRule } from './sign-rule.ts';

/** Degrees of freedom below which a pooled sigma is not trusted (STATISTICS 2.2 asks for 30 parts). */
const ENOUGH_DEGREES = 30;
/** Below this resolution a metric can't carry a verdict (STATISTICS 2.2). */
const LEAST_RESOLUTION = 2;
/** Design point where there is no trustworthy nominal (STATISTICS 2.3). */
const WITHOUT_NOMINAL = 3;
/**
 * A finer design than this wins nothing at nominal (two trials decide) and leaves parts near the
 * limit undecided; the error rates hold for any design point.
 */
const FINEST = 6;

/** What the risks are split over. */
export interface Risks {
  readonly decision: Decision;
  /** Decisions in the lot: criterion × subject. */
  readonly decisions: number;
}

/**
 * Before the first trial.
 *
 * @param parts subjects that the fleet is known to have, times the repeats of each that come first; fewer give no sigma
 */
export function firstRule(
  criterion: Criterion,
  risks: Risks,
  parts: number,
  known: Repeatability | undefined,
): Rule {
  const { decision } = risks;
  const sign = (why: string) => signRule(decision.consumerRisk, decision.maxTrials, why);
  if (criterion.limit.value <= 0) return sign('the limit has no logarithm');
  if (decision.sigma === 'none') return sign('the plan states no repeatability');
  const stated = decision.sigma?.[criterion.metric];
  if (stated !== undefined) return mixtureRule(criterion, risks, stated);
  if (known !== undefined && known.sigma > 0) return mixtureRule(criterion, risks, known.sigma);
  const most = decision.maxTrials ?? 2;
  if (most < 2 || parts < ENOUGH_DEGREES) {
    return sign(`${parts} parts are too few to know the repeatability`);
  }
  return { kind: 'waiting' };
}

/** After the first repeats: the pooled sigma, or the sign rule where it is not to be trusted. */
export function ruleFrom(criterion: Criterion, risks: Risks, spread: Spread | undefined): Rule {
  if (spread === undefined || spread.degrees < ENOUGH_DEGREES) {
    const why = `${spread?.degrees ?? 0} degrees of freedom are too few to know the repeatability`;
    return signRule(risks.decision.consumerRisk, risks.decision.maxTrials, why);
  }
  return mixtureRule(criterion, risks, spread.sigma);
}

function mixtureRule(criterion: Criterion, risks: Risks, relative: number): Rule {
  const sigma = Math.max(relative, SMALLEST_SIGMA);
  const { limit, nominal, bound } = criterion;
  const side = bound === 'at-least' ? 1 : -1;
  const resolution =
    nominal === undefined ? undefined : (side * Math.log(nominal.value / limit.value)) / sigma;
  if (resolution !== undefined && !(resolution >= LEAST_RESOLUTION)) {
    return {
      kind: 'none',
      why: `nominal is only ${resolution.toFixed(2)} standard deviations of one trial (${percent(sigma)}) from the limit; below ${LEAST_RESOLUTION} this metric can't carry a verdict`,
    };
  }
  const design = {
    d: Math.min(resolution ?? WITHOUT_NOMINAL, FINEST),
    alpha: risks.decision.consumerRisk,
    beta: risks.decision.producerRisk / Math.max(1, risks.decisions),
  };
  const maxTrials = risks.decision.maxTrials ?? defaultMaxTrials(design, risks.decisions);
  return { kind: 'mixture', ...design, sigma, resolution, maxTrials };
}

/** `1.23 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
