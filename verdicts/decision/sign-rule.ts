/** The rule where no repeatability is known: all trials on one side of the limit. */
import type { SignRule } from './rule.ts';

/**
 * @param risk P(pass of a nonconforming subject), at most; in (0, 1)
 * @param maxTrials what the plan allows; undefined: as many as the risk takes
 * @param why why the mixture tests can't be used, for the finding's reason
 * @see STATISTICS.md 2.3: each trial of a part whose median is short of the limit is at or beyond it with probability ≤ 1/2
 */
export function signRule(risk: number, maxTrials: number | undefined, why: string): SignRule {
  // A hair of room for risks written in decimals, such as 2^-10 as 0.000976.
  const needed = Math.max(1, Math.ceil(-Math.log2(risk) - 1e-3));
  const trials = Math.min(needed, maxTrials ?? needed);
  return { kind: 'sign', trials, bought: trials === needed, why };
}

/**
 * The word after all of the rule's trials.
 *
 * @param conforming for each trial, whether its value is at or beyond the limit
 * @returns undefined: more trials are to come
 */
export function signWord(
  conforming: readonly boolean[],
  rule: SignRule,
): 'pass' | 'fail' | 'inconclusive' | undefined {
  const good = conforming.filter(Boolean).length;
  if (good > 0 && good < conforming.length) return 'inconclusive';
  if (conforming.length < rule.trials) return undefined;
  if (good === 0) return 'fail';
  return rule.bought ? 'pass' : 'inconclusive';
}

/** 1 − 2^−n in percent, with as many digits as tell it from 100: `96.9 %`, `99.902 %`. */
export function signConfidence(n: number): string {
  const digits = Math.max(3, 1 + Math.ceil(n * Math.log10(2)));
  return `${(100 - 100 * 2 ** -n).toPrecision(digits)} %`;
}
