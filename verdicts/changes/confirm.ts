/** Fresh runs of the same night decide on an alarm: nobody is told of what they do not prove (STATISTICS 4.3). */
import {
  addRun,
  logEvidence,
  mixtureWord,
  startMixture,
  type MixtureDesign,
} from '../statistics/mixture-decision.ts';
import type { Alarm, Confirmation, FreshRun, Passing } from './model.ts';

/**
 * No nominal is needed for the test to hold, only a scale: losses of 0.75, 1.5 and 3 sigma beyond the margin.
 * alpha: P(recovered | a loss of the margin or more). beta: P(confirmed | a loss of the margin or less).
 */
const DESIGN: MixtureDesign = { d: 3, alpha: 0.01, beta: 0.004 };
/** Rounds of fresh runs before an alarm is left undecided until the next night. */
const ROUNDS = 3;
/** Nothing known. */
const NONE: Passing = [0, 0, 0];

/**
 * The test of STATISTICS 2.3 on fresh runs only, limit = expected less the margin. For an alarm that stands, what
 * earlier nights said for a recovery counts on, each design point from where it last was below 0 (a Shiryaev-Roberts
 * way of restarting: at a loss of the margin it closes by mistake once in a hundred rounds at most): one night's nine
 * runs can't prove a recovery where they scatter by more than the margin, and it would stand for a month.
 *
 * @param alarm as `detectNight` gave it: raised, or standing (then `recovered` closes it)
 * @param runs every fresh run made for it tonight so far, in the order made
 * @returns `more` with the subjects to run once more each, until a word is reached
 */
export function judgeFresh(alarm: Alarm, runs: readonly FreshRun[]): Confirmation {
  const expected = new Map(alarm.retest.map((one) => [one.subject, one.expected]));
  const sign = alarm.better === 'higher' ? 1 : -1;
  const margin = -Math.log1p(-alarm.margin);
  const state = startMixture();
  for (const [at, one] of (alarm.passing ?? NONE).entries()) state[at as 0 | 1 | 2] = one;
  const shifts: number[] = [];
  for (const { subject, value } of runs) {
    const healthy = expected.get(subject);
    if (healthy === undefined || !(value > 0)) continue;
    const shift = sign * Math.log(value / healthy);
    shifts.push(shift);
    addRun(state, (shift + margin) / alarm.sigma, DESIGN);
  }
  const n = shifts.length;
  const mean = n === 0 ? 0 : shifts.reduce((sum, one) => sum + one, 0) / n;
  const word = n < alarm.runs ? undefined : mixtureWord(state, DESIGN);
  const most = Math.max(ROUNDS * alarm.runs, alarm.runs);
  return {
    word:
      word === 'fail'
        ? 'confirmed'
        : word === 'pass'
          ? 'recovered'
          : n >= most
            ? 'undecided'
            : 'more',
    next: word !== undefined || n >= most ? [] : wanted(alarm, n),
    n,
    loss: -Math.expm1(mean),
    error: n === 0 ? Infinity : alarm.sigma / Math.sqrt(n),
    evidence: logEvidence(state),
    passing: [Math.max(0, state[0]), Math.max(0, state[1]), Math.max(0, state[2])],
  };
}

/** The next round: every subject in turn, `alarm.runs` runs in all. */
function wanted(alarm: Alarm, done: number): readonly string[] {
  const count = alarm.runs - (done % alarm.runs);
  return Array.from(
    { length: count },
    (_, at) => (alarm.retest[(done + at) % alarm.retest.length] as { subject: string }).subject,
  );
}
