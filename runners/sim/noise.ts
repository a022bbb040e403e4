/**
 * Draws that depend on the seed and a name alone, whatever was drawn before: trials may run in any order.
 * A keyed hash in place of a stream each: a trial of a big fleet needs hundreds of draws.
 */
import { stream } from '../../plan/random.ts';

type Tails = 'normal' | 't4' | 'skewed';

/** A draw by name. */
export interface Noise {
  /** The draws whose names begin so: what many names share is hashed once. */
  under(prefix: string): Noise;
  /** Uniform in (0, 1), 32 bits. */
  uniform(name: string): number;
  /** Mean 0, variance 1. skewed: gamma(4) turned to the left, skewness −1. */
  standard(name: string, tails: Tails): number;
}

/** @param names what the draws are for; hashed together with the seed once */
export function noise(seed: number, ...names: readonly (string | number)[]): Noise {
  const draw = stream(seed, 'sim', ...names);
  return new HashedNoise(Math.floor(draw() * 2 ** 32) ^ 0x811c9dc5);
}

class HashedNoise implements Noise {
  /** Of the seed and what all names begin with. */
  readonly #hash: number;

  constructor(hash: number) {
    this.#hash = hash;
  }

  under(prefix: string): Noise {
    return new HashedNoise(hashed(this.#hash, prefix));
  }

  uniform(name: string): number {
    return finished(hashed(this.#hash, name));
  }

  standard(name: string, tails: Tails): number {
    const own = hashed(this.#hash, name);
    const one = finished(hashed(own, '|1'));
    const two = finished(hashed(own, '|2'));
    const normal = Math.sqrt(-2 * Math.log(one)) * Math.cos(2 * Math.PI * two);
    if (tails === 'normal') return normal;
    const three = finished(hashed(own, '|3'));
    const four = finished(hashed(own, '|4'));
    // Student t with 4 degrees: normal over the root of chi²(4)/4; its variance is 2.
    if (tails === 't4') {
      return normal / Math.sqrt(-Math.log(three * four) / 2) / Math.SQRT2;
    }
    return (4 + Math.log(one * two * three * four)) / 2;
  }
}

/** FNV-1a over the UTF-16 units, going on from a hash of what is before them. */
function hashed(before: number, text: string): number {
  let hash = before;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash;
}

/** Murmur3's finaliser, as a number in (0, 1). */
function finished(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (((mixed ^ (mixed >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
