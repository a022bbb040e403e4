/** Two sets of units side by side: a ratio or a difference with its interval. */
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { mean, sampleVariance } from 'simple-statistics';

/** One independent unit: its parts (accelerators), each with one value a trial. */
export interface Unit {
  /** Known again in the other set: makes a pair. */
  readonly id: string;
  /** Never empty; iterations inside a trial are no values here. */
  readonly parts: readonly { readonly id: string; readonly values: readonly number[] }[];
}

/** What the second set is against the first. */
export interface Effect {
  /** Second divided by first (on the logarithm), or second minus first where a value is not positive. */
  readonly kind: 'ratio' | 'difference';
  readonly value: number;
  /** Absent: fewer than two independent values on a side. */
  readonly interval?: readonly [low: number, high: number];
  readonly confidence: number;
  /** What was taken as independent. */
  readonly level: 'unit' | 'part' | 'trial';
  /** paired: the same units in both, each its own control. */
  readonly method: 'paired' | 'welch';
  /** Independent values a side; equal where paired. */
  readonly n: readonly [first: number, second: number];
}

/**
 * Compares two sets. Values are averaged up to the independent unit first: trials in a part, parts in a
 * unit; repeating a measurement never makes an interval narrower than the units allow.
 *
 * @param confidence two-sided, e.g. 0.95
 * @returns undefined when a set is empty
 * @see Welch 1947; STATISTICS.md 2.6; ratios on the logarithm, so that a and b can change places
 */
export function compareUnits(
  first: readonly Unit[],
  second: readonly Unit[],
  confidence: number,
): Effect | undefined {
  const all = [...first, ...second].flatMap(({ parts }) => parts.flatMap(({ values }) => values));
  if (first.length === 0 || second.length === 0 || all.length === 0) return undefined;
  const kind = all.every((value) => value > 0) ? 'ratio' : 'difference';
  const scale = kind === 'ratio' ? Math.log : (value: number) => value;
  const back = kind === 'ratio' ? Math.exp : (value: number) => value;
  const { level, sides } = independent(first, second, scale);
  const [one, other] = sides;
  const common = [...one.keys()].filter((id) => other.has(id));
  // Paired where the smaller set is mostly the same machines: before and after a change.
  const paired =
    level !== 'trial' && common.length >= 2 && 2 * common.length > Math.min(one.size, other.size);
  const { centre, half, n } = paired
    ? pairedT(
        common.map((id) => (other.get(id) as number) - (one.get(id) as number)),
        confidence,
      )
    : welch([...one.values()], [...other.values()], confidence);
  return {
    kind,
    value: back(centre),
    ...(half !== undefined && { interval: [back(centre - half), back(centre + half)] as const }),
    confidence,
    level,
    method: paired ? 'paired' : 'welch',
    n,
  };
}

/** The highest level at which both sides have two values: units, else parts, else trials. */
function independent(
  first: readonly Unit[],
  second: readonly Unit[],
  scale: (value: number) => number,
) {
  const sides = [first, second].map((units) => units.map((unit) => levelsOf(unit, scale)));
  const level =
    (['unit', 'part', 'trial'] as const).find((one) =>
      sides.every((units) => units.reduce((sum, unit) => sum + unit[one].length, 0) >= 2),
    ) ?? 'unit';
  const [one = [], other = []] = sides.map((units) => units.flatMap((unit) => unit[level]));
  return { level, sides: [new Map(one), new Map(other)] as const };
}

function levelsOf({ id, parts }: Unit, scale: (value: number) => number) {
  const trials = parts.map((part) => ({ id: `${id}/${part.id}`, values: part.values.map(scale) }));
  const means = trials.map((part) => [part.id, mean(part.values)] as const);
  return {
    unit: [[id, mean(means.map(([, value]) => value))] as const],
    part: means,
    trial: trials.flatMap((part) =>
      part.values.map((value, at) => [`${part.id}/${at}`, value] as const),
    ),
  };
}

interface Estimate {
  readonly centre: number;
  readonly half?: number;
  readonly n: readonly [number, number];
}

function pairedT(differences: readonly number[], confidence: number): Estimate {
  const n = differences.length;
  const error = Math.sqrt(sampleVariance([...differences]) / n);
  return {
    centre: mean([...differences]),
    half: tQuantile(1 - (1 - confidence) / 2, n - 1) * error,
    n: [n, n],
  };
}

function welch(first: number[], second: number[], confidence: number): Estimate {
  const centre = mean(second) - mean(first);
  const n = [first.length, second.length] as const;
  if (n[0] < 2 || n[1] < 2) return { centre, n };
  const [a, b] = [sampleVariance(first) / n[0], sampleVariance(second) / n[1]];
  const error = Math.sqrt(a + b);
  if (error === 0) return { centre, half: 0, n };
  const degrees = (a + b) ** 2 / (a ** 2 / (n[0] - 1) + b ** 2 / (n[1] - 1));
  return { centre, half: tQuantile(1 - (1 - confidence) / 2, degrees) * error, n };
}
