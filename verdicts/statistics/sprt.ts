/** Sequential probability ratio tests on counts: Bernoulli trials, and units drawn from a finite lot. */
import { lnChoose } from './ln-choose.ts';

/** alpha: P(reject at p0); beta: P(accept at p1). */
export interface BernoulliSprt {
  readonly p0: number;
  readonly p1: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Two parallel lines over the number of trials n: accept at d ≤ slope·n − accept, reject at d ≥ slope·n + reject. */
export interface SprtLines {
  /** Wald's bounds of the log likelihood ratio. */
  readonly upper: number;
  readonly lower: number;
  readonly slope: number;
  readonly accept: number;
  readonly reject: number;
  /** Average trials to a decision at p0 and p1. */
  readonly averageAt: readonly [number, number];
}

/**
 * @param test 0 < p0 < p1 < 1
 * @see Wald 1947; STATISTICS.md 2.3, block `sprt_bernoulli`
 */
export function bernoulliSprt(test: BernoulliSprt): SprtLines {
  const { p0, p1, alpha, beta } = test;
  const upper = Math.log((1 - beta) / alpha);
  const lower = Math.log(beta / (1 - alpha));
  const u = Math.log(p1 / p0);
  const v = Math.log((1 - p1) / (1 - p0));
  const k = u - v;
  const average = (p: number, atUpper: number) =>
    (atUpper * upper + (1 - atUpper) * lower) / (p * u + (1 - p) * v);
  return {
    upper,
    lower,
    slope: -v / k,
    accept: -lower / k,
    reject: upper / k,
    averageAt: [average(p0, alpha), average(p1, 1 - beta)],
  };
}

/** The word after d events in n trials. */
export function bernoulliWord(
  lines: SprtLines,
  d: number,
  n: number,
): 'accept' | 'reject' | undefined {
  if (d >= lines.slope * n + lines.reject) return 'reject';
  return d <= lines.slope * n - lines.accept ? 'accept' : undefined;
}

/**
 * Log likelihood ratio of D1 against D0 defects in a lot of N after d defects in i units drawn from it.
 *
 * @returns Infinity when more defects were seen than D0 has, −Infinity when more good units than D1 leaves
 * @see STATISTICS.md 3.3
 */
export function lotLogRatio(
  lot: number,
  d0: number,
  d1: number,
  drawn: number,
  defects: number,
): number {
  if (defects > d0) return Infinity;
  if (drawn - defects > lot - d1) return -Infinity;
  return (
    lnChoose(d1, defects) +
    lnChoose(lot - d1, drawn - defects) -
    lnChoose(d0, defects) -
    lnChoose(lot - d0, drawn - defects)
  );
}
