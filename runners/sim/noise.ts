/**
 * Draws that depend on the seed and a name alone, whatever was drawn before: trials may run in any order.
 * A keyed hash in place of a stream each: a trial of a big fleet needs hundreds of draws.
 */
import { stream } from '../../plan/random.ts';

type Tails = 'normal' | 't4' | 'skewed';

/** A draw by name. */
export interface Noise {
  /** Uniform in (0, 1), 32 bits. */
  uniform(name: string): number;
  /** Mean 0, variance 1. skewed: gamma(4) turned to the left, skewness −1. */
  standard(name: string, tails: Tails): number;
}

/** @param names what the draws are for; hashed together with the seed once */
export function noise(seed: number, ...names: readonly (string | number)[]): Noise {
  const draw = stream(seed, 'sim', ...names);
  const key = Math.floor(draw() * 2 ** 32);
  const uniform = (name: string) => (mixed(name, key) + 0.5) / 2 ** 32;
  return {
    uniform,
    standard(name, tails) {
      const one = uniform(`${name}|1`);
      const two = uniform(`${name}|2`);
      const normal = Math.sqrt(-2 * Math.log(one)) * Math.cos(2 * Math.PI * two);
      if (tails === 'normal') return normal;
      const three = uniform(`${name}|3`);
      const four = uniform(`${name}|4`);
      // Student t with 4 degrees: normal over the root of chi²(4)/4; its variance is 2.
      if (tails === 't4') {
        return normal / Math.sqrt(-Math.log(three * four) / 2) / Math.SQRT2;
      }
      return (4 + Math.log(one * two * three * four)) / 2;
    },
  };
}

/** FNV-1a over the UTF-16 units, then murmur3's finaliser. */
function mixed(name: string, key: number): number {
  let hash = key ^ 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
