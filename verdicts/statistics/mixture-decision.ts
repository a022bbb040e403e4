/** Two mixture tests against a limit: the decision rule for one subject (STATISTICS 2.3). */

/** Design points of the mixture as shares of d, and their weights. */
const POINTS = [1, 1 / 2, 1 / 4] as const;
const WEIGHTS = [0.5, 0.3, 0.2] as const;
/** One wild run can't bury the other side: its y counts 4 sigma at most. */
const FLOOR = 4;

/** What is fixed before the first run; all in units of the repeatability sigma. */
export interface MixtureDesign {
  /** Distance of nominal from the limit, > 0. */
  readonly d: number;
  /** P(ever pass | truly at or below the limit), at most; in (0, 1). */
  readonly alpha: number;
  /** P(ever fail | truly at or above the limit), at most; in (0, 1). */
  readonly beta: number;
}

/** Log evidence at each design point; start with zeros. Index 0–2: for a pass, 3–5: for a fail. */
export type MixtureState = [number, number, number, number, number, number];

/** No run seen yet. */
export function startMixture(): MixtureState {
  return [0, 0, 0, 0, 0, 0];
}

/**
 * Adds one run to the evidence, in place.
 *
 * @param y ln(value/limit)/sigma where higher is better, turned over where lower is; ±Infinity allowed
 */
export function addRun(state: MixtureState, y: number, design: MixtureDesign): void {
  for (const [i, share] of POINTS.entries()) {
    const a = design.d * share;
    const weight = WEIGHTS[i] as number;
    const up = a * Math.max(y, -FLOOR) - (a * a) / 2;
    const down = -a * Math.min(y, FLOOR) - (a * a) / 2;
    state[i as 0 | 1 | 2] += Math.min(up, -Math.log(weight * design.alpha) / 2);
    state[(i + 3) as 3 | 4 | 5] += Math.min(down, -Math.log(weight * design.beta) / 2);
  }
}

/** Natural logs of the two evidence processes, sum w_i·exp(P_i) and sum w_i·exp(F_i). */
export function logEvidence(state: MixtureState): { pass: number; fail: number } {
  return { pass: mix(state, 0), fail: mix(state, 3) };
}

/**
 * The word after the runs so far. By Ville's inequality each error rate holds at every true value
 * and however often one looks (under Gaussian repeatability with a known sigma).
 *
 * @returns undefined = not decided yet
 * @see STATISTICS.md 2.3, block `mixture_decision`
 */
export function mixtureWord(
  state: MixtureState,
  design: MixtureDesign,
): 'pass' | 'fail' | undefined {
  const { pass, fail } = logEvidence(state);
  if (fail >= -Math.log(design.beta)) return 'fail';
  return pass >= -Math.log(design.alpha) ? 'pass' : undefined;
}

function mix(state: MixtureState, from: 0 | 3): number {
  const most = Math.max(state[from], state[from + 1] as number, state[from + 2] as number);
  let sum = 0;
  for (let i = 0; i < 3; i += 1) {
    sum += (WEIGHTS[i] as number) * Math.exp((state[from + i] as number) - most);
  }
  return most + Math.log(sum);
}
