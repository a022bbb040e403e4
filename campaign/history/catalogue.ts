/** history.json: the list of files that count. It is replaced as a whole: that is the commit. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import { readJson, writeJson } from '../directory/json.ts';
import { isThere } from '../directory/writer.ts';
import type { Catalogue, TableName } from './model.ts';
import { HISTORY_VERSION, TABLE_NAMES } from './tables.ts';

/** Name of the catalogue, in a folder and in a bucket. */
export const CATALOGUE = 'history.json';

/** Parts of a path that is written by us; a foreign catalogue can name no file outside its folder. */
const PATH =
  /^(?:runs|nodes|points|samples|events)\/delivery=[a-z0-9-]+\/date=\d{4}-\d{2}(?:-\d{2})?\/[\w.=-]+\.parquet$/u;

const shape = z
  .looseObject({
    schema: z.string(),
    id: z.string().regex(/^[0-9a-f]{16}$/u),
    generation: z.int().min(0),
    files: z.array(
      z.strictObject({
        table: z.enum(TABLE_NAMES as [TableName, ...TableName[]]),
        path: z.string().regex(PATH),
        sha256: z.string().regex(/^[0-9a-f]{64}$/u),
        bytes: z.int().min(0),
        rows: z.int().min(0),
        delivery: z.string(),
        date: z.string(),
        batches: z.array(z.string()),
      }),
    ),
  })
  .transform((value): Catalogue => value);

/** A history that holds nothing yet. */
export function newCatalogue(): Catalogue {
  return {
    schema: `assay/history/${HISTORY_VERSION}`,
    id: randomBytes(8).toString('hex'),
    generation: 0,
    files: [],
  };
}

/**
 * The catalogue of a folder.
 *
 * @returns undefined: there is no history
 * @throws {HarnessError} RUN_UNREADABLE, RUN_SCHEMA_NEWER
 */
export async function readCatalogue(root: string): Promise<Catalogue | undefined> {
  const path = join(root, CATALOGUE);
  if (!(await isThere(path))) return undefined;
  return readJson(path, 'history', HISTORY_VERSION, shape);
}

/** A catalogue that came as text, from a bucket. @throws {HarnessError} RUN_UNREADABLE, RUN_SCHEMA_NEWER */
export function parseCatalogue(text: string, from: string): Catalogue {
  const failed = (why: string) =>
    new HarnessError('RUN_UNREADABLE', `${from}: ${why}`, {
      hint: 'It is no history of this version; nothing was changed there.',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw failed('it is not JSON');
  }
  const checked = shape.safeParse(value);
  if (!checked.success) throw failed(checked.error.issues[0]?.message ?? 'it is malformed');
  if (checked.data.schema !== `assay/history/${HISTORY_VERSION}`) {
    throw new HarnessError('RUN_SCHEMA_NEWER', `${from} has schema ${checked.data.schema}`, {
      hint: `This version knows assay/history/${HISTORY_VERSION}: use the same version everywhere.`,
    });
  }
  return checked.data;
}

/** @throws {HarnessError} DISK_FULL; the older one is left as it was */
export async function writeCatalogue(root: string, catalogue: Catalogue): Promise<void> {
  await writeJson(join(root, CATALOGUE), catalogue);
}

/** Number at the end of `assay/history/<n>`. */
export function versionOf({ schema }: Pick<Catalogue, 'schema'>): number {
  return Number(schema.slice(schema.lastIndexOf('/') + 1));
}

/** Whether a batch's rows are there. */
export function has(catalogue: Catalogue, batch: string): boolean {
  return catalogue.files.some((file) => file.batches.includes(batch));
}
