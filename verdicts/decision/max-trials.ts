/** How many trials a lot of nominal parts can need: the default of `max-trials`. */
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { stream } from '../../plan/random.ts';
import {
  addRun,
  logEvidence,
  startMixture,
  type MixtureDesign,
} from '../statistics/mixture-decision.ts';

/** P(some part of a nominal lot is left undecided), at most. */
const UNDECIDED = 1e-4;
const REPLICATES = 3000;
const LIMIT = 64;
const cache = new Map<string, number>();

/**
 * Smallest number of trials with which every decision of a lot whose parts are all at nominal has
 * passed with probability ≥ 99.99 %.
 *
 * @param decisions decisions in the lot, ≥ 1
 * @returns 2 … 64
 * @see STATISTICS.md 2.3; estimated by importance sampling, seeded by the design alone
 */
export function defaultMaxTrials(design: MixtureDesign, decisions: number): number {
  // Rounded towards more trials, so that near-equal sigmas share one simulation.
  const d = Math.floor(design.d * 20) / 20;
  const lot = 10 ** Math.ceil(Math.log10(Math.max(1, decisions)));
  const key = `${d} ${design.alpha} ${lot}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const target = UNDECIDED / lot;
  const rounded = { ...design, d: Math.max(d, 0.05) };
  let low = 1;
  let high = 2;
  while (high < LIMIT && undecided(rounded, high) > target) {
    low = high;
    high = Math.min(LIMIT, high * 2);
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (undecided(rounded, middle) > target) low = middle;
    else high = middle;
  }
  cache.set(key, high);
  return high;
}

/**
 * P(a part at nominal has not passed after n trials). Runs are drawn around the mean at which n trials
 * just reach the bound, and weighted back by their likelihood ratio: the event is far too rare to be
 * met by plain simulation.
 */
function undecided(design: MixtureDesign, n: number): number {
  const tilted = Math.min(design.d, tippingMean(design, n));
  const shift = design.d - tilted;
  const random = stream(0, 'max-trials', design.d, design.alpha, n);
  let sum = 0;
  for (let replicate = 0; replicate < REPLICATES; replicate += 1) {
    const state = startMixture();
    let weight = 0;
    let passed = false;
    for (let run = 0; run < n && !passed; run += 1) {
      const noise = normalQuantile(Math.max(random(), 2 ** -33), 0, 1);
      addRun(state, tilted + noise, design);
      weight += shift * noise - (shift * shift) / 2;
      passed = logEvidence(state).pass >= -Math.log(design.alpha);
    }
    if (!passed) sum += Math.exp(weight);
  }
  return sum / REPLICATES;
}

/** Mean y at which n noiseless runs just reach the bound for a pass. */
function tippingMean(design: MixtureDesign, n: number): number {
  let low = -4;
  let high = design.d;
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    const state = startMixture();
    for (let run = 0; run < n; run += 1) addRun(state, middle, design);
    if (logEvidence(state).pass >= -Math.log(design.alpha)) high = middle;
    else low = middle;
  }
  return high;
}
