/** What the importers of load tools share: a JSON file's figures, under our name only where they are ours. */
import { HarnessError } from '../../../plan/errors.ts';
import type { Parameters } from '../../../plan/model.ts';
import type { ImportedSample, ImportOptions } from '../../import-model.ts';

/** Fields of a JSON object, unchecked. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * The file as one JSON object.
 *
 * @throws {HarnessError} OUTPUT_UNREADABLE where it is none
 */
export function jsonObject(text: string, file: string, what: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 120) : '';
    throw refused(file, 1, `not JSON: ${why}`, `Give ${what}.`);
  }
  if (!isFields(value)) throw refused(file, 1, 'no JSON object', `Give ${what}.`);
  return value;
}

/** @returns whether it is an object with fields */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A finite number of a field; undefined where it has none. */
export function figureOf(fields: Fields, key: string): number | undefined {
  const value = fields[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Line of a key in the file, from 1: that of its first appearance. */
export function lineOf(text: string, key: string): number {
  const at = text.indexOf(`"${key}"`);
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
}

/** A file that is not what the tool writes, or that says nothing. */
export function refused(file: string, line: number, message: string, hint: string): HarnessError {
  const details = { file, line };
  return new HarnessError('OUTPUT_UNREADABLE', `${file}:${line}: ${message}`, { hint, details });
}

/** One figure of a tool's file. */
export interface Figure {
  /** Ours where the definition is ours, else `<tool>.<its own name>`. */
  readonly metric: string;
  readonly parameters: Parameters;
  readonly value: number;
  readonly unit: string;
  readonly line: number;
}

/** Why a tool's figure does not go under one of our names. */
export type Differences = Readonly<Record<string, string>>;

/**
 * The figures as samples; with `options.metric`, those of that name only.
 *
 * @param differences our metric → how the tool's figure of that kind is defined instead
 * @throws {HarnessError} UNIT_MISMATCH where that name is asked for and the tool measures something else
 */
export function imported(
  figures: readonly Figure[],
  options: ImportOptions,
  tool: string,
  differences: Differences,
): readonly ImportedSample[] {
  const { metric: wanted, file } = options;
  if (wanted === undefined) return figures;
  const own = figures.filter(({ metric }) => metric === wanted);
  if (own.length > 0) return own;
  const difference = differences[wanted] ?? 'it has no such figure';
  const names = [...new Set(figures.map(({ metric }) => metric))].join(', ');
  throw new HarnessError(
    'UNIT_MISMATCH',
    `${file}: no ${wanted} in a file of ${tool}: ${difference}`,
    {
      hint: `It has ${names}.`,
      details: { file },
    },
  );
}
