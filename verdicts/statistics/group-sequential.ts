/** Group-sequential boundaries: a fixed number of equally spaced looks at a one-sided test. */
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { gaussLegendre } from './gauss-legendre.ts';

/** Enough for 1e-12: several points in each standard deviation of the kernel. */
const QUADRATURE = gaussLegendre(160);
/** Nothing matters that lies so many standard deviations below. */
const REACH = 8.5;

/** Sums that have not crossed yet: points, and probability mass at each. */
interface Walk {
  readonly at: readonly number[];
  readonly mass: readonly number[];
}

const START: Walk = { at: [0], mass: [1] };

/**
 * O'Brien–Fleming: z_k = c·sqrt(K/k).
 *
 * @param looks K ≥ 1
 * @param alpha P(cross under no effect), one-sided
 * @returns bounds of the standardised sums, first look first
 * @see O'Brien and Fleming 1979; block `group_sequential_one_sided_0_025_rpact`
 */
export function obrienFleming(looks: number, alpha: number): number[] {
  return shaped(looks, alpha, (k) => Math.sqrt(looks / k));
}

/** Pocock: the same bound at every look. */
export function pocock(looks: number, alpha: number): number[] {
  return shaped(looks, alpha, () => 1);
}

/** Lan–DeMets spending like O'Brien–Fleming: alpha(t) = 2 − 2·Phi(z_{1−alpha/2}/sqrt(t)). */
export function lanDeMets(looks: number, alpha: number): number[] {
  const z = normalQuantile(1 - alpha / 2, 0, 1);
  const spent = (k: number) => (k === 0 ? 0 : 2 * normalCdf(-z / Math.sqrt(k / looks), 0, 1));
  const bounds: number[] = [];
  let walk = START;
  for (let k = 1; k <= looks; k += 1) {
    const here = walk;
    const bound = root((one) => crossing(here, one, k) - (spent(k) - spent(k - 1)));
    bounds.push(bound);
    walk = advance(here, bound, k);
  }
  return bounds;
}

function shaped(looks: number, alpha: number, shape: (k: number) => number): number[] {
  const c = root((one) => {
    let walk = START;
    let crossed = 0;
    for (let k = 1; k <= looks; k += 1) {
      crossed += crossing(walk, one * shape(k), k);
      if (k < looks) walk = advance(walk, one * shape(k), k);
    }
    return crossed - alpha;
  });
  return Array.from({ length: looks }, (_, i) => c * shape(i + 1));
}

/** P(the sum crosses at look k and not before). */
function crossing(walk: Walk, bound: number, k: number): number {
  const edge = bound * Math.sqrt(k);
  return walk.at.reduce(
    (sum, s, i) => sum + (walk.mass[i] as number) * normalCdf(s - edge, 0, 1),
    0,
  );
}

/** Armitage–McPherson–Rowe recursion: the sums after look k that have not crossed. */
function advance(walk: Walk, bound: number, k: number): Walk {
  const edge = bound * Math.sqrt(k);
  const half = (edge + REACH * Math.sqrt(k)) / 2;
  const at = QUADRATURE.points.map((x) => edge - half + half * x);
  const mass = at.map((t, j) => {
    let density = 0;
    for (const [i, s] of walk.at.entries()) {
      density += (walk.mass[i] as number) * Math.exp(-((t - s) ** 2) / 2);
    }
    return (density * (QUADRATURE.weights[j] as number) * half) / Math.sqrt(2 * Math.PI);
  });
  return { at, mass };
}

/** Root of a falling function between 0 and 10. */
function root(f: (x: number) => number): number {
  let low = 0;
  let high = 10;
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if (f(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
