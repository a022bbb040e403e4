/** What a network can carry at most: a ceiling for busbw, from counting bytes that must cross. */
import type { Sourced } from '../model.ts';

/** A collective as nccl-tests names it; busbw by its formulas. */
export type Collective =
  | 'all_reduce'
  | 'all_gather'
  | 'reduce_scatter'
  | 'alltoall'
  | 'broadcast'
  | 'reduce'
  | 'gather'
  | 'scatter'
  | 'sendrecv';

/** The groups of one collective, and what joins them. */
export interface NetworkShape {
  readonly collective: Collective;
  /** B/s of all NICs of one domain together, one direction; absent: not known. */
  readonly nicBytesPerSecond?: number;
  /** N: scale-up domains that the ranks stand in; nodes, where the scale-up network ends at the node. */
  readonly domains: number;
  /** Ranks in one domain. */
  readonly perDomain: number;
  /** B/s of one accelerator's scale-up link, one direction. */
  readonly scaleUp?: number;
  /** The switch reduces inside the domain (NVLS): an all_reduce may exceed the wire. */
  readonly nvls?: boolean;
  /** The switch reduces between domains (IB SHARP). */
  readonly sharp?: boolean;
}

/**
 * Highest possible busbw, in B/s.
 *
 * @returns undefined where neither the NICs nor the scale-up link is known, or n is 1
 * @see FACTS.md C.f; checked there against seven published runs
 */
export function networkRoofline(shape: NetworkShape): Sourced<number> | undefined {
  const ranks = shape.domains * shape.perDomain;
  if (ranks < 2) return undefined;
  const ceilings = [nicCeiling(shape, ranks), linkCeiling(shape, ranks)].filter(
    (ceiling) => ceiling !== undefined,
  );
  const [first, ...rest] = ceilings;
  if (first === undefined) return undefined;
  return rest.reduce((least, one) => (one.value < least.value ? one : least), first);
}

function nicCeiling(shape: NetworkShape, n: number): Sourced<number> | undefined {
  const { domains: N, perDomain: g, nicBytesPerSecond: B, collective } = shape;
  if (N < 2 || B === undefined) return undefined;
  const share = (n - 1) / n;
  const gb = (B / 1e9).toFixed(0);
  switch (collective) {
    case 'all_reduce':
      if (shape.sharp === true) {
        return {
          value: 2 * B * share,
          source: `2·B·(n−1)/n with SHARP, B = ${gb} GB/s a domain, n = ${n}`,
        };
      }
      break;
    case 'alltoall':
      return {
        value: (B / g) * (N / (N - 1)) * share,
        source: `(B/g)·N/(N−1)·(n−1)/n, B = ${gb} GB/s, g = ${g}, N = ${N}`,
      };
    case 'broadcast':
    case 'reduce':
    case 'sendrecv':
      return { value: B, source: `B = ${gb} GB/s of one domain's NICs` };
    case 'all_gather':
    case 'reduce_scatter':
    case 'gather':
    case 'scatter':
      break;
  }
  return {
    value: B * (N / (N - 1)) * share,
    source: `B·N/(N−1)·(n−1)/n, B = ${gb} GB/s, N = ${N} domains of ${g}`,
  };
}

function linkCeiling(shape: NetworkShape, n: number): Sourced<number> | undefined {
  const { scaleUp, perDomain, collective } = shape;
  if (scaleUp === undefined || perDomain < 2) return undefined;
  const gb = (scaleUp / 1e9).toFixed(0);
  if (collective === 'all_reduce' && shape.nvls === true) {
    // Each accelerator sends and receives the buffer once: algbw ≤ link.
    return {
      value: (scaleUp * 2 * (n - 1)) / n,
      source: `2·(n−1)/n of the scale-up link's ${gb} GB/s, with NVLS`,
    };
  }
  return { value: scaleUp, source: `the scale-up link's ${gb} GB/s, one direction` };
}
