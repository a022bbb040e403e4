/** What a good pair gives, and how far good pairs stray: by class, since a path over more tiers is slower by design. */
import { median } from 'simple-statistics';
import { madScale } from '../statistics/mad-scale.ts';

/** A class with fewer pairs in a round has no median worth the name. */
const ENOUGH = 5;
/** Consistency factor of the median absolute difference for Gaussian noise. */
const GAUSSIAN = 1.4826;

/** Results of one round, one a pair; any scale on which higher is better and differences count (ln). */
export interface RoundResults {
  readonly values: Float64Array;
  /** Class of each pair; absent: one class. */
  readonly classes?: Uint8Array | Uint16Array;
}

/**
 * Expected result of each class: the median of its pairs in this round, of all pairs where the class has too few.
 *
 * @param known what earlier rounds gave for a class: used before the median of all
 */
export function expectations(
  { values, classes }: RoundResults,
  known?: ReadonlyMap<number, number>,
): Map<number, number> {
  const members = new Map<number, number[]>();
  for (const [at, value] of values.entries()) {
    const of = classes?.[at] ?? 0;
    const own = members.get(of);
    if (own === undefined) members.set(of, [value]);
    else own.push(value);
  }
  const all = values.length === 0 ? 0 : middle(values);
  return new Map(
    [...members].map(([of, own]) => [
      of,
      own.length >= ENOUGH ? middle(own) : (known?.get(of) ?? all),
    ]),
  );
}

/** How far each result is short of what its class is expected to give. */
export function shortfalls(
  { values, classes }: RoundResults,
  expected: ReadonlyMap<number, number>,
): Float64Array {
  return values.map((value, at) => (expected.get(classes?.[at] ?? 0) ?? 0) - value);
}

/**
 * sigma_pair from one matching measured twice: the larger of what a pair differs from itself and of what pairs differ
 * from each other. Both are robust: the pairs with a fault are few.
 *
 * @see STATISTICS.md 2.2 (repeatability), 5.2 (a good pair stands for N(0, 1))
 */
export function pairSigma(first: Float64Array, second: Float64Array): number {
  const differences = first.map((value, at) => Math.abs(value - (second[at] as number)));
  const itself = (GAUSSIAN * middle(differences)) / Math.SQRT2;
  return Math.max(itself, madScale([...first]), madScale([...second]));
}

function middle(values: Float64Array | readonly number[]): number {
  if (!(values instanceof Float64Array)) return median([...values]);
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
