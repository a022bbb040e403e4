/** Parquet files of the history: written whole under a name of their own, and swept when nobody names them. */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../../plan/errors.ts';
import { onDisk, syncFolder } from '../directory/disk.ts';
import { hashFile } from '../directory/manifest.ts';
import type { Database } from './database.ts';
import type { Catalogue, StoredFile } from './model.ts';
import { columnsOf, literal, ORDER, TABLE_NAMES } from './tables.ts';

/** Rows of a row group: what a query for one machine reads at least. */
const GROUP = 20_480;

/** What a file will be called and stand for. */
export type NewFile = Pick<StoredFile, 'table' | 'delivery' | 'date' | 'batches'> & {
  /** Last part of the path, without its ending. */
  readonly name: string;
};

/**
 * Writes the rows of a query as one file, synced; it counts once the catalogue names it.
 *
 * @param query gives the table's columns
 * @returns undefined: there are no rows
 * @throws {HarnessError} DISK_FULL
 */
export async function writeFile(
  root: string,
  database: Database,
  file: NewFile,
  query: string,
): Promise<StoredFile | undefined> {
  const { table, delivery, date, batches, name } = file;
  const path = `${table}/delivery=${delivery}/date=${date}/${name}.parquet`;
  const whole = join(root, path);
  const folder = dirname(whole);
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  const select = `SELECT ${columnsOf(table, 'stored')} FROM (${query}) ORDER BY ${ORDER[table]}`;
  const options = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${GROUP}`;
  const making = `${whole}.tmp`;
  try {
    await database.run(`COPY (${select}) TO ${literal(making)} (${options})`);
    const rows = await rowsOf(database, making);
    if (rows === 0) {
      await rm(making, { force: true });
      return undefined;
    }
    await sync(making);
    const { size } = await stat(making);
    const sha256 = await hashFile(making);
    await rename(making, whole);
    await syncFolder(folder);
    return { table, path, sha256, bytes: size, rows, delivery, date, batches };
  } catch (error) {
    await rm(making, { force: true });
    throw error;
  }
}

async function rowsOf(database: Database, path: string): Promise<number> {
  const [row] = await database.all(
    `SELECT sum(num_rows) AS n FROM parquet_file_metadata(${literal(path)})`,
  );
  return Number(row?.['n'] ?? 0);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what an interrupted commit left, and what a compaction replaced: files that the catalogue does not name. */
export async function sweep(root: string, catalogue: Catalogue): Promise<void> {
  const named = new Set(catalogue.files.map(({ path }) => path));
  for (const table of TABLE_NAMES) {
    for (const entry of await entriesBelow(join(root, table))) {
      const path = `${table}/${entry}`;
      if (!named.has(path)) await rm(join(root, path), { force: true });
    }
  }
}

async function entriesBelow(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
