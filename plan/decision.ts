/** The plan's decision block, resolved: risks that the trials can buy. */
import type { z } from 'zod';
import type { decisionSchema } from './blocks.ts';
import type { Decision } from './model.ts';
import { nearest } from './options.ts';
import type { Problems } from './problems.ts';

/** Trials of the sign rule where the plan says none: five buy 1 − 2⁻⁵ = 96.9 %. */
const SIGN_TRIALS = 5;

/**
 * Least consumer's risk that the sign rule reaches: all of n trials at or beyond the limit by chance.
 *
 * @param trials n, 1 or more
 * @see STATISTICS.md 2.3, "no sigma at all"
 */
export function signRisk(trials: number): number {
  return 2 ** -trials;
}

/** Turns the checked block into a Decision; notes risks that can't be bought and unknown metrics. */
export function resolveDecision(
  block: z.output<typeof decisionSchema>,
  metrics: readonly string[] | undefined,
  problems: Problems,
): Decision {
  const { sigma, sampling } = block;
  const risk = block['consumer-risk'];
  const trials = block['max-trials'] ?? (sigma === 'none' ? SIGN_TRIALS : undefined);
  if (sigma === 'none' && trials !== undefined && risk < signRisk(trials)) {
    const least = signRisk(trials);
    problems.add(
      'PLAN_INVALID',
      ['decision', 'consumer-risk'],
      `the plan asks for less risk than its trials buy: ${risk} where ${trials} trials without sigma buy ${least.toPrecision(3)}`,
      `Say consumer-risk: ${Math.ceil(least * 1000) / 1000}, or max-trials: ${Math.ceil(-Math.log2(risk))}.`,
    );
  }
  if (typeof sigma === 'object' && metrics !== undefined) {
    for (const metric of Object.keys(sigma).filter((name) => !metrics.includes(name))) {
      problems.add(
        'PLAN_INVALID',
        ['decision', 'sigma', metric],
        'no suite of this plan gives this metric',
        nearest(metric, metrics, 'Metrics of this plan'),
      );
    }
  }
  if (sampling !== undefined && sampling.accept >= sampling.reject) {
    problems.add(
      'PLAN_INVALID',
      ['decision', 'sampling'],
      'accept must be the smaller of the two fractions',
      'E.g. sampling: { accept: 1 %, reject: 5 % }.',
    );
  }
  return {
    consumerRisk: risk,
    producerRisk: block['producer-risk'],
    inconclusive: block.inconclusive,
    nonconforming: block.nonconforming,
    ...(trials !== undefined && { maxTrials: trials }),
    ...(sigma !== undefined && { sigma }),
    ...(sampling !== undefined && { sampling }),
  };
}
