/** The fleet's own level: a step, a sudden drop, and what was accepted. */
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { changePoints } from './e-divisive.ts';
import { fleetShift } from './fleet-shift.ts';
import type { Rule } from './model.ts';
import { medianInPlace } from './median.ts';
import { certainPart, inflation, type Spread } from './noise.ts';
import { FLEET_NIGHTS, type FleetLevel } from './state.ts';
import { sideOf, studentT, type Widening } from './t-test.ts';

/** Re-tuned for nightly looks (STATISTICS 4.2): at Otava's 0.001 most stable series would alarm within half a year. */
const STEP = { window: 50, maxP: 1e-5, newest: 14, nights: 2 } as const;
/** One night, or three, against the fourteen before. */
const DROP = { p: 1e-5, sigmas: 8, nights: 14, last: 3, least: 4 } as const;
const FIRST = 30;
/** Nights that the subjects' autocorrelation counts as for the fleet's. */
const PRIOR_NIGHTS = 30;
const LAMBDA = 0.1;
const ACCEPTANCE_ERRORS = 3;

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
 *
 * @param prior autocorrelation of the subjects, which many more nights stand behind: it counts as 30 nights
 */
export function fleetSpread(values: readonly number[], prior = 0): FleetSpread {
  const clipped = (lag: number) => {
    const size = values.length - lag;
    if (size <= 0) return NaN;
    const squares = new Float64Array(size);
    for (let at = 0; at < size; at += 1) {
      squares[at] = ((values[at + lag] as number) - (values[at] as number)) ** 2;
    }
    // 16 = (4 sigma)²; 2.198 = 1/0.6745², a Gaussian's square against its median.
    const clip = 16 * 2.198 * medianInPlace(squares, size);
    let sum = 0;
    for (const one of squares) sum += Math.min(one, clip);
    return sum / size / 2;
  };
  const near = clipped(1);
  const far = clipped(2);
  const nights = values.length < 3 ? 0 : values.length;
  // Values that repeat to the last digit have no autocorrelation either.
  const own = near > 0 && far >= 0 ? far / near - 1 : 0;
  const pooled = (nights * own + PRIOR_NIGHTS * prior) / (nights + PRIOR_NIGHTS);
  const rho = Math.min(0.95, Math.max(0, pooled));
  return { sigma: Math.sqrt(near / (1 - rho)), rho };
}

/**
 * What tonight's level says, the step first.
 *
 * @param margin least loss that matters, relative
 * @param subjects autocorrelation and lower tail of the subjects: many more nights stand behind them
 */
export function fleetFindings(
  fleet: FleetLevel,
  margin: number,
  subjects: Pick<Spread, 'rho' | 'tail'>,
): readonly FleetFinding[] {
  const { values } = fleet;
  const spread = fleetSpread(values, subjects.rho);
  // Means of several nights see half of a heavy tail (on the log scale).
  const widening: Widening = { rho: spread.rho, factor: Math.sqrt(subjects.tail) };
  const effective = spread.sigma * inflation(spread.rho);
  return [
    ...step(values, margin, widening),
    ...drop(values, margin, effective * subjects.tail),
    ...slump(values, margin, widening),
    ...shift(values, margin, spread, widening.factor),
    ...acceptance(fleet, margin, effective),
  ];
}

function step(values: readonly number[], margin: number, widening: Widening): FleetFinding[] {
  const points = changePoints(values.map(Math.exp), {
    window: STEP.window,
    maxP: STEP.maxP,
    minMagnitude: margin,
    ddof: 1,
    renew: 'both',
    widening,
  });
  const newest = points.at(-1);
  if (newest === undefined) return [];
  const nights = values.length - newest.index;
  // One night alone is for the drop rule: a skewed fleet has such nights.
  if (nights < STEP.nights || nights > STEP.newest) return [];
  const reference = Math.log(newest.before.mean);
  const loss = reference - Math.log(newest.after.mean);
  const least = -Math.log1p(-margin);
  return loss < least || !lasting(values, newest.index, reference - least)
    ? []
    : [{ rule: 'step', from: newest.index, reference, loss }];
}

/** Tonight against the fourteen nights before: far out, whatever its p. @param sigma effective, over all nights */
function drop(values: readonly number[], margin: number, sigma: number): FleetFinding[] {
  const cut = values.length - 1;
  if (cut < DROP.least) return [];
  const before = sideOf(values, Math.max(0, cut - DROP.nights), cut);
  const loss = before.mean - (values[cut] as number);
  // Fourteen nights can be quiet by luck, and all nights by a step in them.
  const scatter = Math.max(sigma, before.deviation) * Math.sqrt(1 + 1 / before.n);
  const sigmas = Math.max(DROP.sigmas, -tQuantile(DROP.p, before.n - 1));
  return loss > sigmas * scatter && loss >= -2 * Math.log1p(-margin)
    ? [{ rule: 'drop', from: cut, reference: before.mean, loss }]
    : [];
}

/** The last three nights against the fourteen before. */
function slump(values: readonly number[], margin: number, widening: Widening): FleetFinding[] {
  const cut = values.length - DROP.last;
  if (cut < DROP.least) return [];
  const before = sideOf(values, Math.max(0, cut - DROP.nights), cut);
  const after = sideOf(values, cut, values.length);
  const { t, degrees } = studentT(before, after, widening);
  const loss = before.mean - after.mean;
  const least = -Math.log1p(-margin);
  return t > -tQuantile(DROP.p, degrees) &&
    loss >= least &&
    lasting(values, cut, before.mean - least)
    ? [{ rule: 'drop', from: cut, reference: before.mean, loss }]
    : [];
}

/** A level that is new since some days: sooner than `step` where nights resemble their neighbours. */
function shift(
  values: readonly number[],
  margin: number,
  { sigma, rho }: FleetSpread,
  tail: number,
): FleetFinding[] {
  const { certain, rest } = certainPart(rho, values.length + PRIOR_NIGHTS);
  const found = fleetShift(values, { sigma: sigma * rest, certain, tail });
  if (found === undefined) return [];
  const least = -Math.log1p(-margin);
  return found.loss >= least && lasting(values, found.from, found.reference - least)
    ? [{ rule: 'shift', ...found }]
    : [];
}

/** Whether more than half of the nights since are below: one bad night among them makes no new level. */
function lasting(values: readonly number[], from: number, below: number): boolean {
  const since = values.slice(from);
  return 2 * since.filter((one) => one <= below).length > since.length;
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
