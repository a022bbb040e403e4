/** Nights of a simulated fleet: synthetic noise whose true properties are known. */
import { stream } from '../../plan/random.ts';

/** How noise goes on from night to night; each has standard deviation 1. */
export const KINDS = {
  iid: { rho: 0, skewed: false },
  'AR .3': { rho: 0.3, skewed: false },
  'AR .6': { rho: 0.6, skewed: false },
  skewed: { rho: 0, skewed: true },
} as const;
export type Kind = keyof typeof KINDS;

/** Share of a night's own (co)variance that all runs of that night have in common; the rest is each run's. */
const NIGHT_SHARE = 0.25;

/** Small fast generator (sfc32): a bench draws a thousand million numbers. */
export function uniformOf(seed: number, ...names: readonly (string | number)[]): () => number {
  const start = stream(seed, 'nightly', ...names);
  const word = () => Math.floor(start() * 0x1_0000_0000) | 0;
  let a = word();
  let b = word();
  let c = word();
  let counter = 1;
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return ((sum >>> 0) + 0.5) / 0x1_0000_0000;
  };
}

/** Standard normals by Marsaglia's polar method. */
export function normalOf(uniform: () => number): () => number {
  let spare = NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const one = spare;
      spare = NaN;
      return one;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * factor;
      return u * factor;
    }
  };
}

/** One series of a kind, or many side by side. */
export class Noise {
  /** Tonight, and the night before. */
  readonly now: Float64Array;
  readonly #before: Float64Array;
  readonly #rho: number;
  readonly #rest: number;
  readonly #skewed: boolean;
  readonly #uniform: () => number;
  readonly #normal: () => number;

  constructor(kind: Kind, size: number, uniform: () => number) {
    const { rho, skewed } = KINDS[kind];
    this.now = new Float64Array(size);
    this.#before = new Float64Array(size);
    this.#rho = rho;
    this.#rest = Math.sqrt(1 - rho * rho);
    this.#skewed = skewed;
    this.#uniform = uniform;
    this.#normal = normalOf(uniform);
    // The first night is stationary already.
    for (let at = 0; at < size; at += 1) this.now[at] = this.#innovation();
  }

  /** The next night. */
  step(): void {
    this.#before.set(this.now);
    for (let at = 0; at < this.now.length; at += 1) {
      this.now[at] = this.#rho * (this.now[at] as number) + this.#rest * this.#innovation();
    }
  }

  /**
   * A fresh run tonight: what came over from the night before and the night's own part are the same again, the
   * run's part is new. The night's part is drawn given tonight's value, so nothing is kept for it.
   */
  fresh(at: number): number {
    const carried = this.#rho * (this.#before[at] as number);
    const innovation = ((this.now[at] as number) - carried) / this.#rest;
    return (
      carried +
      this.#rest * (this.#skewed ? this.#freshSkewed(innovation) : this.#freshNormal(innovation))
    );
  }

  /** −(gamma of shape 4, standardised): skewness −1. */
  #innovation(): number {
    if (!this.#skewed) return this.#normal();
    const u = this.#uniform;
    return (Math.log(u() * u() * u() * u()) + 4) / 2;
  }

  #freshNormal(innovation: number): number {
    const night =
      NIGHT_SHARE * innovation + Math.sqrt(NIGHT_SHARE * (1 - NIGHT_SHARE)) * this.#normal();
    return night + Math.sqrt(1 - NIGHT_SHARE) * this.#normal();
  }

  /** Gamma of shape 4 = shape 1 (the night's) + shape 3 (the run's); given the sum, the night's share is beta(1, 3). */
  #freshSkewed(innovation: number): number {
    const u = this.#uniform;
    const gamma = 4 - 2 * innovation;
    const night = gamma * (1 - Math.cbrt(u()));
    return -(night - Math.log(u() * u() * u()) - 4) / 2;
  }
}
