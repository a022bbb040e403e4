/** Seeded, named random streams: every draw of a run comes from the plan's seed and a name. */
import { createHash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/**
 * A stream of numbers, uniform in [0, 1) with 32 bits, that depends on the seed and the names only:
 * a draw in one stream never shifts another, so a resumed run repeats the same choices.
 *
 * @param seed the plan's seed
 * @param names what the stream is for, e.g. `'matching', 3`
 */
export function stream(seed: number, ...names: readonly (string | number)[]): () => number {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...names]))
    .digest();
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((at) => digest.readInt32LE(at)));
  return () => (generator.next() >>> 0) / 0x1_0000_0000;
}

/**
 * A new array with the items in random order (Fisher–Yates).
 *
 * @param random a stream as `stream` gives
 */
export function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
  }
  return shuffled;
}
