/** One run of nccl-tests, whatever form it was read from. */
import type { Figure } from './figure.ts';

export const PLACEMENTS = ['out-of-place', 'in-place'] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** One half of a row. */
export interface Cell {
  readonly placement: Placement;
  /** µs. */
  readonly time: Figure;
  /** GB/s = 1e9 B/s. */
  readonly algbw: Figure;
  /** GB/s = 1e9 B/s. */
  readonly busbw: Figure;
  /** Absent: not checked. */
  readonly wrong?: number;
  /** µs, where single iterations were timed. */
  readonly iterations?: {
    readonly n: number;
    readonly min: number;
    readonly median: number;
    readonly max: number;
  };
}

export interface Row {
  /** From 1. */
  readonly line: number;
  /** Bytes. */
  readonly size: number;
  /** Elements. */
  readonly count: number;
  /** As the tool calls it: float, half, bfloat16 … */
  readonly type: string;
  /** Absent: no such column, blank or "none". */
  readonly redop?: string;
  /** Absent: no such column, or −1. */
  readonly root?: number;
  readonly cells: readonly Cell[];
}

/** Sizes that the run was asked for. */
export interface Range {
  readonly line: number;
  /** Bytes. */
  readonly from: number;
  /** Bytes. */
  readonly to: number;
  readonly step: { readonly kind: 'factor' | 'bytes'; readonly by: number };
}

export interface Device {
  readonly line: number;
  readonly rank: number;
  readonly group: number;
  readonly host: string;
}

/** What is left of a file after its form is understood. */
export interface Table {
  /** Program that the log names, e.g. "all_reduce"; older logs don't. */
  readonly named?: string;
  readonly library: 'nccl' | 'rccl';
  readonly range: Range;
  readonly devices: readonly Device[];
  /** Ranks of one communicator. */
  readonly ranks: number;
  /** Columns beside size, count and type, which tell older logs apart. */
  readonly columns: { readonly redop: boolean; readonly root: boolean };
  readonly rows: readonly Row[];
  /** Absent in a file that was cut. */
  readonly average?: Figure & { readonly line: number };
  /** The tool's own end was seen. */
  readonly ended: boolean;
  /** Last line that belongs to it. */
  readonly last: number;
}

/** Names of types → our dtype and its bytes. */
const TYPES: Readonly<Record<string, readonly [dtype: string, width: number]>> = {
  int8: ['int8', 1],
  char: ['int8', 1],
  uint8: ['uint8', 1],
  int32: ['int32', 4],
  int: ['int32', 4],
  uint32: ['uint32', 4],
  int64: ['int64', 8],
  uint64: ['uint64', 8],
  half: ['fp16', 2],
  float: ['fp32', 4],
  double: ['fp64', 8],
  bfloat16: ['bf16', 2],
  f8e4m3: ['fp8', 1],
  f8e5m2: ['fp8-e5m2', 1],
  fp8_e4m3: ['fp8', 1],
  fp8_e5m2: ['fp8-e5m2', 1],
};

/** @returns undefined for a type that we don't know */
export function typeOf(name: string): { dtype: string; width: number } | undefined {
  const found = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  return found && { dtype: found[0], width: found[1] };
}
