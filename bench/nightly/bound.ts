/** How soon anyone could tell a loss of 3 sigma from nightly values alone, were level, sigma and autocorrelation known. */
import { KINDS, Noise, uniformOf, type Kind } from './noise.ts';

/** Of the CUSUM for 3 sigma. */
const K = 1.5;
/**
 * Thresholds with 5 million nights between false alarms, by autocorrelation: from 10⁸ simulated nights each. A fleet
 * of 1,000 nodes and 20 metrics has 3.6 million in half a year.
 */
const THRESHOLDS: Readonly<Partial<Record<Kind, number>>> = {
  iid: 4.4,
  'AR .3': 4.6,
  'AR .6': 4.9,
};
const SIGMAS = 3;
const LOSSES = 4001;
/** Nights before the loss, and those that are waited for. */
const BEFORE = 30;
const WAIT = 200;

/**
 * Median nights until Page's CUSUM of a step in AR(1) noise tells it, 1 = the night on which it began; the first
 * night of a step shows all of it, each later one what the night before did not foretell.
 *
 * @returns undefined for noise that has no autocorrelation to know
 * @see Basseville and Nikiforov 1993, 7.2.2; optimal among all detectors with that run length (Moustakides 1986, Lai 1998)
 */
export function boundOf(kind: Kind): number | undefined {
  const h = THRESHOLDS[kind];
  if (h === undefined) return undefined;
  const { rho } = KINDS[kind];
  const noise = new Noise(kind, 1, uniformOf(3, 'bound', kind));
  const delays = Array.from({ length: LOSSES }, () => delayOf(noise, rho, h)).sort((a, b) => a - b);
  return delays[delays.length >> 1];
}

function delayOf(noise: Noise, rho: number, h: number): number {
  const whole = 1 / Math.sqrt(1 - rho * rho);
  const part = Math.sqrt((1 - rho) / (1 + rho));
  let sum = 0;
  let before = 0;
  for (let night = -BEFORE; night < WAIT; night += 1) {
    noise.step();
    const now = (noise.now[0] as number) - (night < 0 ? 0 : SIGMAS);
    const z = whole * (now - rho * before);
    const gain = (shown: number) => -shown * z - K * shown * shown;
    sum = Math.max(0, sum + gain(part), gain(whole));
    before = now;
    if (night >= 0 && sum > h) return night + 1;
  }
  return Infinity;
}
