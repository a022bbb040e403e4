/** The fleet's own level: a step, a sudden drop, and what was accepted. */
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { changePoints } from './e-divisive.ts';
import type { Rule } from './model.ts';
import { inflation } from './noise.ts';
import { FLEET_NIGHTS, type FleetLevel } from './state.ts';
import { sideOf, studentT } from './t-test.ts';

/** Re-tuned for nightly looks (STATISTICS 4.2): at Otava's 0.001 most stable series would alarm within half a year. */
const STEP = { window: 50, maxP: 1e-5, newest: 7 } as const;
/** One night, or three, against the fourteen before. */
const DROP = { p: 1e-5, sigmas: 8, nights: 14, least: 4 } as const;
const FIRST = 30;
const LAMBDA = 0.1;
const ACCEPTANCE_ERRORS = 4;

/** Something that the fleet's level shows tonight. */
export interface FleetFinding {
  readonly rule: Rule;
  /** Index in `FleetLevel` of the first night of the new level. */
  readonly from: number;
  /** Level before it (ln, relative to the baseline), and the loss (ln, positive). */
  readonly reference: number;
  readonly loss: number;
}

/** How the fleet's level scatters from night to night. */
export interface FleetSpread {
  readonly sigma: number;
  readonly rho: number;
}

/** Adds tonight's level, in place. */
export function addFleetNight(fleet: FleetLevel, date: string, level: number): void {
  fleet.dates.push(date);
  fleet.values.push(level);
  if (fleet.values.length > FLEET_NIGHTS) {
    fleet.dates.shift();
    fleet.values.shift();
  }
  const gain = Math.max(LAMBDA, fleet.recentVariance / (1 + fleet.recentVariance));
  fleet.recent += gain * (level - fleet.recent);
  fleet.recentVariance = (1 - gain) ** 2 * fleet.recentVariance + gain * gain;
  if (fleet.firstCount < FIRST) {
    fleet.firstCount += 1;
    fleet.first += (level - fleet.first) / fleet.firstCount;
  }
}

/**
 * Spread and lag-1 autocorrelation from differences one and two nights apart, which a step leaves as they are
 * but for one or two of them.
 */
export function fleetSpread(values: readonly number[]): FleetSpread {
  const clipped = (lag: number) => {
    const squares = values.slice(lag).map((one, at) => (one - (values[at] as number)) ** 2);
    if (squares.length === 0) return NaN;
    // 16 = (4 sigma)²; 2.198 = 1/0.6745², a Gaussian's square against its median.
    const clip = 16 * 2.198 * ([...squares].sort((a, b) => a - b)[squares.length >> 1] as number);
    return squares.reduce((sum, one) => sum + Math.min(one, clip), 0) / squares.length / 2;
  };
  const near = clipped(1);
  const far = clipped(2);
  const rho = values.length < 20 ? 0 : Math.min(0.95, Math.max(0, far / near - 1));
  return { sigma: Math.sqrt(near / (1 - rho)), rho };
}

/**
 * What tonight's level says, the step first.
 *
 * @param margin least loss that matters, relative
 */
export function fleetFindings(fleet: FleetLevel, margin: number): readonly FleetFinding[] {
  const { values } = fleet;
  const spread = fleetSpread(values);
  const wide = inflation(spread.rho);
  return [
    ...step(values, margin, wide),
    ...drop(values, margin, wide, 1),
    ...drop(values, margin, wide, 3),
    ...acceptance(fleet, margin, spread.sigma * wide),
  ];
}

function step(values: readonly number[], margin: number, wide: number): FleetFinding[] {
  const points = changePoints(values.map(Math.exp), {
    window: STEP.window,
    maxP: STEP.maxP,
    minMagnitude: margin,
    ddof: 1,
    renew: 'both',
    inflation: wide,
  });
  const newest = points.at(-1);
  if (newest === undefined || values.length - newest.index > STEP.newest) return [];
  const reference = Math.log(newest.before.mean);
  const loss = reference - Math.log(newest.after.mean);
  return loss < -Math.log1p(-margin) ? [] : [{ rule: 'step', from: newest.index, reference, loss }];
}

/** The last `latest` nights against those before: a t-test; one night alone must be far out whatever its p. */
function drop(
  values: readonly number[],
  margin: number,
  wide: number,
  latest: 1 | 3,
): FleetFinding[] {
  const cut = values.length - latest;
  if (cut < DROP.least) return [];
  const before = sideOf(values, Math.max(0, cut - DROP.nights), cut);
  const after = sideOf(values, cut, values.length);
  const { t, degrees } = studentT(before, after);
  const loss = before.mean - after.mean;
  const needed = Math.max(latest === 1 ? DROP.sigmas : 0, -tQuantile(DROP.p, degrees)) * wide;
  const least = -Math.log1p(-margin) * (latest === 1 ? 2 : 1);
  return t > needed && loss >= least
    ? [{ rule: 'drop', from: cut, reference: before.mean, loss }]
    : [];
}

/** A decay that never jumps, or one that a declared change has hidden, is told by its distance from the accepted level. */
function acceptance(fleet: FleetLevel, margin: number, sigma: number): FleetFinding[] {
  const { values, recent, recentVariance } = fleet;
  if (!fleet.accepted && fleet.firstCount < FIRST) return [];
  const reference = fleet.accepted ? 0 : fleet.first;
  const error = sigma * Math.sqrt(recentVariance + (fleet.accepted ? 0 : 1 / FIRST));
  const loss = reference - recent;
  if (!(loss + Math.log1p(-margin) > ACCEPTANCE_ERRORS * error)) return [];
  // Since when: the night after the last one that was as good as accepted.
  const good = values.findLastIndex((one) => one >= reference);
  return [{ rule: 'acceptance', from: Math.min(good + 1, values.length - 1), reference, loss }];
}
