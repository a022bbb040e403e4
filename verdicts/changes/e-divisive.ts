/** Change points of a series: E-divisive with Student's t in windows, then merged bottom-up (Otava's algorithm). */
import { sideOf, twoSidedP, type Side, type Widening } from './t-test.ts';

/** How change points are looked for. */
export interface DivisiveOptions {
  /** Points of one sliding window. */
  readonly window: number;
  /** A tuning knob calibrated by simulation: it follows a search over splits and is no p-value. */
  readonly maxP: number;
  /** Least relative change of a change point. */
  readonly minMagnitude: number;
  /** 1: unbiased; 0: as Otava 0.8 has it. */
  readonly ddof: 0 | 1;
  /**
   * When a point goes, which neighbours are measured anew on their longer sides. Otava 0.8 takes the right one
   * and leaves the left one with figures of sides that are no more.
   */
  readonly renew: 'both' | 'right';
  /** What widens the t-test's standard error. */
  readonly widening: Widening;
}

/** `index` is the first point of the new level. */
export interface ChangePoint {
  readonly index: number;
  readonly p: number;
  readonly before: Side;
  readonly after: Side;
}

/** A split of one segment: where, and how unlike the sides are. */
interface Candidate {
  readonly index: number;
  readonly q: number;
}

/**
 * @param values positive, oldest first
 * @see Matteson and James 2014 (Q); Fleming et al. 2023, doi 10.1145/3578244.3583719; STATISTICS.md 4.3
 */
export function changePoints(
  values: ArrayLike<number>,
  options: DivisiveOptions,
): readonly ChangePoint[] {
  // The first pass finds weak points too: a true one may only show once its neighbours are known.
  const { maxP } = options;
  const firstP = maxP < 0.05 ? 10 * maxP : maxP < 0.5 ? 2 * maxP : maxP;
  return merged(values, weakPoints(values, { ...options, maxP: firstP }), options);
}

/** Q of two adjacent segments [from, split) and [split, to) of a window. */
export function divergence(values: ArrayLike<number>, from: number, split: number, to: number) {
  const window = new Distances(values, from, to);
  return window.q(0, split - from, to - from);
}

/** Where a window splits best: over all splits and all ends. */
export function bestSplit(values: ArrayLike<number>, from: number, to: number): Candidate {
  return new Distances(values, from, to).best(0, to - from);
}

/** Sums of distances between pairs of a window's points, for every segment of it. */
class Distances {
  readonly #size: number;
  /** within[a·(size+1) + b]: sum over pairs of [a, b). */
  readonly #within: Float64Array;

  /** @param space reused where it is large enough: a night looks at many windows */
  constructor(values: ArrayLike<number>, from: number, to: number, space?: Float64Array) {
    const size = to - from;
    const width = size + 1;
    const reuse = space !== undefined && space.length >= width * width;
    const within = reuse ? space : new Float64Array(width * width);
    // Segments of no point and of one have no pair; what stands there is another window's.
    for (let at = 0; at < size; at += 1) {
      within[at * width + at] = 0;
      within[at * width + at + 1] = 0;
    }
    for (let b = 2; b <= size; b += 1) {
      const newest = values[from + b - 1] as number;
      let column = 0;
      for (let a = b - 2; a >= 0; a -= 1) {
        column += Math.abs((values[from + a] as number) - newest);
        within[a * width + b] = (within[a * width + b - 1] as number) + column;
      }
    }
    this.#size = size;
    this.#within = within;
  }

  /** Q of [from, split) and [split, to). */
  q(from: number, split: number, to: number): number {
    const width = this.#size + 1;
    return divergenceOf(
      split - from,
      to - split,
      this.#within[from * width + split] as number,
      this.#within[split * width + to] as number,
      this.#within[from * width + to] as number,
    );
  }

  /** The split of [from, to) with the largest Q over all ends; the first of equals. */
  best(from: number, to: number): Candidate {
    let index = from + 1;
    let q = -Infinity;
    const width = this.#size + 1;
    const within = this.#within;
    for (let split = from + 1; split < to; split += 1) {
      const n = split - from;
      const left = within[from * width + split] as number;
      for (let end = split + 1; end <= to; end += 1) {
        const one = divergenceOf(
          n,
          end - split,
          left,
          within[split * width + end] as number,
          within[from * width + end] as number,
        );
        if (one > q) {
          q = one;
          index = split;
        }
      }
    }
    return { index, q };
  }
}

/** Q from the numbers of points and the sums over pairs within the left, the right and both together. */
function divergenceOf(n: number, m: number, left: number, right: number, both: number): number {
  const withinLeft = n > 1 ? (m * left) / (n - 1) : 0;
  const withinRight = m > 1 ? (n * right) / (m - 1) : 0;
  return (2 / (n + m)) * (both - left - right - withinLeft - withinRight);
}

/** The first pass: each window divided as long as its best split is significant. */
function weakPoints(values: ArrayLike<number>, options: DivisiveOptions): number[] {
  const found = new Set<number>();
  const step = Math.floor(options.window / 2);
  const space = new Float64Array((options.window + 1) ** 2);
  for (let start = 0; start < values.length;) {
    const end = Math.min(start + options.window, values.length);
    const points = divided(values, start, end, options, space);
    for (const point of points) found.add(point);
    start = Math.max(points.at(-1) ?? 0, start + step);
  }
  return [...found].sort((a, b) => a - b);
}

function divided(
  values: ArrayLike<number>,
  start: number,
  end: number,
  options: DivisiveOptions,
  space: Float64Array,
): number[] {
  const distances = new Distances(values, start, end, space);
  const size = end - start;
  const cuts: number[] = [0, size];
  const candidates = new Map<number, Candidate>();
  for (;;) {
    let best: (Candidate & { from: number; to: number }) | undefined;
    for (let at = 0; at + 1 < cuts.length; at += 1) {
      const from = cuts[at] as number;
      const to = cuts[at + 1] as number;
      if (to - from < 2) continue;
      const key = from * (size + 1) + to;
      const candidate = candidates.get(key) ?? distances.best(from, to);
      candidates.set(key, candidate);
      if (best === undefined || candidate.q > best.q) best = { ...candidate, from, to };
    }
    if (best === undefined) break;
    const { p } = changePoint(
      values,
      start + best.from,
      start + best.index,
      start + best.to,
      options,
    );
    if (!(p <= options.maxP)) break;
    cuts.push(best.index);
    cuts.sort((a, b) => a - b);
  }
  return cuts.slice(1, -1).map((cut) => start + cut);
}

/** The second pass: the weakest point goes as long as there is one that is not good enough. */
function merged(
  values: ArrayLike<number>,
  indexes: readonly number[],
  options: DivisiveOptions,
): ChangePoint[] {
  const cuts = [0, ...indexes, values.length];
  const at = (i: number) =>
    changePoint(values, cuts[i] as number, cuts[i + 1] as number, cuts[i + 2] as number, options);
  const points = indexes.map((_, i) => at(i));
  while (points.length > 0) {
    let weakest = points.reduce(
      (worst, one, i) => (one.p > (points[worst]?.p ?? 0) ? i : worst),
      0,
    );
    if ((points[weakest] as ChangePoint).p < options.maxP) {
      weakest = points.reduce(
        (least, one, i) => (magnitude(one) < magnitude(points[least] as ChangePoint) ? i : least),
        0,
      );
      if (magnitude(points[weakest] as ChangePoint) > options.minMagnitude) break;
    }
    points.splice(weakest, 1);
    cuts.splice(weakest + 1, 1);
    if (options.renew === 'both' && weakest > 0) points[weakest - 1] = at(weakest - 1);
    if (weakest < points.length) points[weakest] = at(weakest);
  }
  return points;
}

function changePoint(
  values: ArrayLike<number>,
  from: number,
  index: number,
  to: number,
  { ddof, widening }: DivisiveOptions,
): ChangePoint {
  const before = sideOf(values, from, index, ddof);
  const after = sideOf(values, index, to, ddof);
  return { index, p: twoSidedP(before, after, widening), before, after };
}

/** The larger of the relative changes, forwards and back; a mean of 0 gives none. */
function magnitude({ before, after }: ChangePoint): number {
  const change = (to: number, from: number) => (from === 0 ? 0 : Math.abs(to / from - 1));
  return Math.max(change(after.mean, before.mean), change(before.mean, after.mean));
}
