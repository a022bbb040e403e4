/** JSON files of a run: written canonically, read with their schema checked. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { z } from 'zod';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { canonicalFile } from './canonical.ts';
import { writeAtomic } from './disk.ts';

/** Writes `value` canonically and atomically; `digits` rounds its numbers (verdict.json: 12). */
export async function writeJson(path: string, value: object, digits?: number): Promise<void> {
  await writeAtomic(path, canonicalFile(value, digits));
}

/**
 * Reads a file that says `"schema": "assay/<name>/<major>"`.
 *
 * @param name the schema's name, e.g. "plan"
 * @param major the newest version that is understood
 * @param shape checks what the rest of the program relies on
 * @throws {HarnessError} RUN_UNREADABLE (missing, truncated, malformed), RUN_SCHEMA_NEWER
 */
export async function readJson<S extends z.ZodType>(
  path: string,
  name: string,
  major: number,
  shape: S,
): Promise<z.output<S>> {
  const value = parse(path, await readText(path));
  const file = basename(path);
  const schema = schemaOf(value);
  const parts = /^assay\/([a-z-]+)\/(\d+)$/u.exec(schema ?? '');
  if (parts === null || parts[1] !== name) {
    throw unreadable(path, `${file} is not an assay/${name} file (schema: ${schema ?? 'none'})`);
  }
  if (Number(parts[2]) > major) {
    throw new HarnessError(
      'RUN_SCHEMA_NEWER',
      `${file} has schema ${schema}; this version knows assay/${name}/${major}`,
      { hint: 'Use the version of assay that wrote the run, or a newer one.', details: { path } },
    );
  }
  const checked = shape.safeParse(value);
  if (checked.success) return checked.data;
  const first = checked.error.issues[0];
  const where = first?.path.join('.') ?? '';
  throw unreadable(path, `${file} is malformed at "${where}": ${first?.message ?? 'unknown'}`);
}

/** A RUN_UNREADABLE that names the file. */
export function unreadable(path: string, message: string, cause?: unknown): HarnessError {
  return new HarnessError('RUN_UNREADABLE', message, {
    hint: 'Restore the file from a copy; the rest of the run directory is left as it is.',
    details: { path },
    cause,
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw unreadable(path, `${basename(path)} can't be read (${code})`, error);
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const what = text.trim() === '' ? 'is empty' : 'is truncated or not JSON';
    throw unreadable(path, `${basename(path)} ${what}`, error);
  }
}

function schemaOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('schema' in value)) return undefined;
  return typeof value.schema === 'string' ? value.schema : undefined;
}
