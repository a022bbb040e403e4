/** How an older history becomes one of this version: each file is written again with the columns of now. */
import { join } from 'node:path';
import { versionOf } from './catalogue.ts';
import type { Database } from './database.ts';
import { writeFile } from './files.ts';
import type { Catalogue, StoredFile, TableName } from './model.ts';
import { HISTORY_VERSION, literal } from './tables.ts';

/** Version that is left → for each table whose columns changed, what stands for those that it had not. */
type Step = Partial<Record<TableName, Readonly<Record<string, string>>>>;
const STEPS: Readonly<Record<number, Step>> = {
  // When a sample was taken, on its node's clock: joins it to telemetry.
  1: { samples: { window_start: 'NULL', window_end: 'NULL' } },
  // A point of one trial no longer repeats its value as low and high; those that do are read as they were.
  2: {},
};

/**
 * The catalogue of the same rows in this version; the old files are swept once it is written.
 *
 * @throws {HarnessError} DISK_FULL: the older history is left as it was
 */
export async function migrated(
  root: string,
  database: Database,
  catalogue: Catalogue,
): Promise<Catalogue> {
  let files = catalogue.files;
  const from = versionOf(catalogue);
  if (from === HISTORY_VERSION) return catalogue;
  for (let version = from; version < HISTORY_VERSION; version += 1) {
    files = await stepped(root, database, files, version, STEPS[version] ?? {});
  }
  return { ...catalogue, schema: `assay/history/${HISTORY_VERSION}`, files };
}

async function stepped(
  root: string,
  database: Database,
  files: readonly StoredFile[],
  version: number,
  step: Step,
): Promise<readonly StoredFile[]> {
  const all: StoredFile[] = [];
  for (const file of files) {
    const added = step[file.table];
    if (added === undefined) {
      all.push(file);
      continue;
    }
    const columns = Object.entries(added).map(([name, value]) => `${value} AS "${name}"`);
    const query = `SELECT *, ${columns.join(', ')} FROM read_parquet(${literal(join(root, file.path))}, hive_partitioning = false)`;
    const last = file.path.slice(file.path.lastIndexOf('/') + 1, -'.parquet'.length);
    const name = `${last}.v${version + 1}`;
    const written = await writeFile(root, database, { ...file, name }, query);
    if (written !== undefined) all.push(written);
  }
  return all;
}
