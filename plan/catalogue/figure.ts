/** Figures of the catalogue: none can be written without its source. */
import type { Sourced } from '../model.ts';

/** Where most figures were read; [V] of FACTS.md C.e. */
export const COMPUTE = 'stas00/ml-engineering compute/accelerator/README.md';
/** Links and NICs. */
export const NETWORK = 'stas00/ml-engineering network/README.md';

/** A figure in 1e12 of its unit, e.g. TFLOP/s or TB/s. */
export function tera(value: number, source: string): Sourced<number> {
  return { value: value * 1e12, source };
}

/** A figure in 1e9 of its unit, e.g. GB or GB/s. */
export function giga(value: number, source: string): Sourced<number> {
  return { value: value * 1e9, source };
}

/** A network interface's rate, from Gb/s to B/s, one direction. */
export function gigabit(value: number, source: string): Sourced<number> {
  return { value: (value * 1e9) / 8, source };
}

/** Watts. */
export function watt(value: number, source: string): Sourced<number> {
  return { value, source };
}

/** Dense peaks by dtype in TFLOP/s, all from one table. */
export function densePeaks(
  peaks: Readonly<Record<string, number>>,
  source: string,
): Readonly<Record<string, Sourced<number>>> {
  return Object.fromEntries(
    Object.entries(peaks).map(([dtype, value]) => [dtype, tera(value, source)]),
  );
}
