/** Durations in buckets of a fixed relative width: bounded however many there are, and mergeable. */

/** Each bucket is so much wider than the one below: a percentile is off by half of it at most. */
const WIDTH = Math.log(1.01);
/** Shorter than this counts as this, s. */
const LEAST = 1e-6;

/** The bucket that a duration falls into. */
export function bucketOf(seconds: number): number {
  return Math.round(Math.log(Math.max(seconds, LEAST) / LEAST) / WIDTH);
}

/** Counts by bucket; weights may be fractions. */
export class Histogram {
  readonly #counts = new Map<number, number>();
  #total = 0;

  add(seconds: number, weight = 1): void {
    this.addAt(bucketOf(seconds), weight);
  }

  /** By bucket, as `pairs` gave it. */
  addAt(bucket: number, weight: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + weight);
    this.#total += weight;
  }

  get total(): number {
    return this.#total;
  }

  /** Bucket, weight, bucket, weight … in order. */
  pairs(): number[] {
    return [...this.#counts].sort(([a], [b]) => a - b).flat();
  }

  /** @returns seconds at or below which a share p lies; undefined while it is empty */
  percentile(p: number): number | undefined {
    if (this.#total === 0) return undefined;
    let seen = 0;
    let value = 0;
    for (const [bucket, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      seen += count;
      value = LEAST * Math.exp(bucket * WIDTH);
      if (seen >= p * this.#total * (1 - 1e-12)) break;
    }
    return value;
  }
}
