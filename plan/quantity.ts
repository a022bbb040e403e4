/** Quantities: a number and a unit, stored in SI base units, so that no figure stands without one. */
import { HarnessError } from './errors.ts';

const DECIMAL = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 } as const;
const BINARY = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 } as const;

/** Stored unit → the spellings it may be written in, each with its factor. */
const SPELLINGS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  s: {
    ns: 1e-9,
    us: 1e-6,
    µs: 1e-6,
    ms: 1e-3,
    s: 1,
    sec: 1,
    min: 60,
    h: 3600,
    hour: 3600,
    hours: 3600,
    d: 86400,
    day: 86400,
    days: 86400,
  },
  B: { ...prefixed('B', DECIMAL), ...prefixed('B', BINARY) },
  'B/s': {
    ...prefixed('B/s', DECIMAL),
    ...prefixed('B/s', BINARY),
    // Networks are quoted in bits: 400 Gb/s is 50 GB/s.
    ...scaled(prefixed('b/s', DECIMAL), 1 / 8),
    ...scaled(prefixed('bit/s', DECIMAL), 1 / 8),
  },
  'FLOP/s': {
    ...prefixed('FLOP/s', DECIMAL),
    ...prefixed('FLOPS', DECIMAL),
    ...prefixed('OP/s', DECIMAL),
  },
  'tok/s': { 'tok/s': 1, 'tokens/s': 1, 'ktok/s': 1e3 },
  'req/s': { 'req/s': 1, 'requests/s': 1 },
  W: prefixed('W', DECIMAL),
  Hz: prefixed('Hz', DECIMAL),
  Cel: { Cel: 1, '°C': 1, C: 1 },
  h: { h: 1, hours: 1, min: 1 / 60, d: 24 },
  '1': { '': 1, '%': 0.01 },
};

function prefixed(unit: string, prefixes: Readonly<Record<string, number>>) {
  return Object.fromEntries(
    Object.entries(prefixes).map(([prefix, factor]) => [prefix + unit, factor]),
  );
}

function scaled(spellings: Readonly<Record<string, number>>, factor: number) {
  return Object.fromEntries(Object.entries(spellings).map(([name, one]) => [name, one * factor]));
}

/** Why a quantity could not be read; `undefined` where it could. */
export type QuantityResult = { readonly value: number } | { readonly problem: string };

/**
 * Reads `700 TFLOP/s`, `8 GiB`, `30 min`, `2 %`.
 *
 * @param text what the plan says; a bare number is refused unless the unit is "1"
 * @param unit stored unit: s, B, B/s, FLOP/s, tok/s, req/s, W, Hz, Cel, h or 1
 * @returns the value in `unit`, or what is wrong with the text
 */
export function readQuantity(text: string | number, unit: string): QuantityResult {
  const spellings = SPELLINGS[unit];
  if (spellings === undefined) return { problem: `no quantity is stored in "${unit}"` };
  const parts = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*$/u.exec(String(text));
  const known = `write a number and one of: ${Object.keys(spellings)
    .filter((name) => name !== '')
    .join(', ')}`;
  if (parts === null) return { problem: `"${text}" is not a quantity; ${known}` };
  const written = parts[2] ?? '';
  const factor = spellings[written];
  if (factor === undefined) {
    const seen = written === '' ? 'has no unit' : `has the unit "${written}"`;
    return { problem: `"${text}" ${seen}; ${known}` };
  }
  const value = Number(parts[1]) * factor;
  return Number.isFinite(value) ? { value } : { problem: `"${text}" is not finite` };
}

/**
 * Like `readQuantity`, for places where a wrong text is an error.
 *
 * @throws {HarnessError} PLAN_INVALID when the text is not a quantity in that unit
 */
export function quantity(text: string | number, unit: string): number {
  const result = readQuantity(text, unit);
  if ('value' in result) return result.value;
  throw new HarnessError('PLAN_INVALID', result.problem, { hint: 'Correct the quantity.' });
}
