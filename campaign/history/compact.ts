/** Compaction: the files of a closed month become one, raw samples past their time go. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Database } from './database.ts';
import { writeFile } from './files.ts';
import type { Catalogue, StoredFile } from './model.ts';
import { literal } from './tables.ts';

const DAY = 24 * 3600 * 1000;
/** Days of retention up to which raw samples stay in the files of their days: each goes when its time is over. */
const SHORT = 92;

/** What is closed, and what is past its time. */
export interface When {
  /** YYYY-MM-DD: its month is open. */
  readonly now: string;
  /** Days for which raw samples stay; absent: for ever. */
  readonly retention?: number;
  /** Batches whose samples stay nevertheless: what nights are held against is computed from acceptance's. */
  readonly keep: ReadonlySet<string>;
}

/**
 * The catalogue with each closed month of a table and delivery in one file.
 *
 * @returns the same object where nothing is to be done
 */
export async function compacted(
  root: string,
  database: Database,
  catalogue: Catalogue,
  when: When,
): Promise<Catalogue> {
  const kept = catalogue.files.filter((file) => !expired(file, when));
  const merged: StoredFile[] = [];
  let changed = kept.length < catalogue.files.length;
  for (const group of months(kept, when)) {
    const [first] = group;
    if (first === undefined) continue;
    if (group.length === 1) {
      merged.push(first);
      continue;
    }
    changed = true;
    const { table, delivery } = first;
    const date = first.date.slice(0, 7);
    const batches = [...new Set(group.flatMap((file) => file.batches))].sort();
    const name = createHash('sha256').update(batches.join('\n')).digest('hex').slice(0, 16);
    const list = group.map((file) => literal(join(root, file.path))).join(', ');
    const query = `SELECT * FROM read_parquet([${list}], hive_partitioning = false)`;
    const file = { table, delivery, date, batches, name };
    const written = await writeFile(root, database, file, query);
    if (written !== undefined) merged.push(written);
  }
  if (!changed) return catalogue;
  const open = kept.filter((file) => !isClosed(file, when));
  return { ...catalogue, files: [...merged, ...open] };
}

/** Files of closed months, those of one table, delivery and month together. */
function months(files: readonly StoredFile[], when: When): Iterable<readonly StoredFile[]> {
  const groups = new Map<string, StoredFile[]>();
  for (const file of files) {
    if (!isClosed(file, when)) continue;
    const key = `${file.table}/${file.delivery}/${file.date.slice(0, 7)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return groups.values();
}

/** Whether its month is over, and worth one file. */
function isClosed({ table, date }: StoredFile, { now, retention }: When): boolean {
  if (table === 'samples' && retention !== undefined && retention <= SHORT) return false;
  return date.slice(0, 7) < now.slice(0, 7);
}

/** A month's file goes when its last day is past its time. */
function expired({ table, date, batches }: StoredFile, { now, retention, keep }: When): boolean {
  if (table !== 'samples' || retention === undefined) return false;
  if (batches.some((batch) => keep.has(batch))) return false;
  const [year = 0, month = 0, day] = date.split('-').map(Number);
  const last = Date.UTC(year, day === undefined ? month : month - 1, day ?? 0);
  return Date.parse(now) - last > retention * DAY;
}
