/** The history in its folder: appended, compacted, queried. One writer at a time; readers need no lock. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { onDisk } from '../directory/disk.ts';
import { lock } from '../directory/lock.ts';
import { has, newCatalogue, readCatalogue, writeCatalogue } from './catalogue.ts';
import { compacted } from './compact.ts';
import { openDatabase, type Database } from './database.ts';
import { deliverySlug } from './delivery-file.ts';
import { sweep, writeFile } from './files.ts';
import { runBatch } from './ingest.ts';
import { migrated } from './migrations.ts';
import type { Batch, Catalogue, StoredFile, TableName } from './model.ts';
import { literal, TABLE_NAMES, TABLES, viewOf } from './tables.ts';

/** Seconds that a commit waits for another's to end. */
const PATIENCE = 60;

/** An open history; `close` it. */
export class History {
  readonly root: string;
  readonly #scratch: string;
  readonly #database: Database;
  #catalogue: Catalogue;

  private constructor(root: string, scratch: string, database: Database, catalogue: Catalogue) {
    this.root = root;
    this.#scratch = scratch;
    this.#database = database;
    this.#catalogue = catalogue;
  }

  /**
   * Opens the history of a folder, an older one brought up to this version; makes it where there is none.
   *
   * @throws {HarnessError} RUN_UNREADABLE, RUN_SCHEMA_NEWER, DISK_FULL, USAGE where it can't be written
   */
  static async open(folder: string): Promise<History> {
    const root = resolve(folder);
    await makeFolder(root);
    const scratch = await mkdtemp(join(tmpdir(), 'assay-history-'));
    const database = await openDatabase(scratch);
    try {
      const there = await readCatalogue(root);
      const history = new History(root, scratch, database, there ?? newCatalogue());
      if (there === undefined) await history.#commit(async (catalogue) => catalogue);
      else await history.#migrate();
      await history.#views();
      return history;
    } catch (error) {
      database.close();
      await rm(scratch, { recursive: true, force: true });
      throw error;
    }
  }

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  get database(): Database {
    return this.#database;
  }

  /** Whether a batch is there. */
  has(batch: string): boolean {
    return has(this.#catalogue, batch);
  }

  /**
   * Appends batches, all of them or none; those that are there are passed over.
   *
   * @returns ids of those that are new
   * @throws {HarnessError} DISK_FULL, RUN_UNREADABLE while another process holds the history for too long
   */
  async append(batches: readonly Batch[]): Promise<readonly string[]> {
    const added: string[] = [];
    await this.#commit(async (catalogue) => {
      const fresh = batches.filter((batch) => !has(catalogue, batch.id));
      const files: StoredFile[] = [];
      for (const batch of fresh) {
        files.push(...(await this.#write(batch)));
        added.push(batch.id);
      }
      if (files.length === 0) return catalogue;
      return { ...catalogue, files: [...catalogue.files, ...files] };
    });
    await this.#views();
    return added;
  }

  /**
   * Merges the small files of closed months, and drops raw samples past their time; those of acceptance stay.
   *
   * @param now YYYY-MM-DD: months before it are closed
   * @param retention days for which raw samples stay; absent: for ever
   */
  async compact(now: string, retention?: number): Promise<void> {
    const accepted = await this.#database.all("SELECT run FROM runs WHERE purpose = 'accept'");
    const keep = new Set(accepted.map(({ run }) => runBatch(String(run))));
    const when = { now, keep, ...(retention && { retention }) };
    await this.#commit((catalogue) => compacted(this.root, this.#database, catalogue, when));
    await this.#views();
  }

  /**
   * Takes over what is joined with another history's catalogue.
   *
   * @param change gives the joined catalogue; its files must be here then. The same object: nothing changes
   */
  async adopt(change: (catalogue: Catalogue) => Promise<Catalogue>): Promise<void> {
    await this.#commit(change, true);
    await this.#views();
  }

  /** Path of a stored file on this machine. */
  path({ path }: Pick<StoredFile, 'path'>): string {
    return join(this.root, path);
  }

  async close(): Promise<void> {
    this.#database.close();
    await rm(this.#scratch, { recursive: true, force: true });
  }

  /** Changes the catalogue under the lock; what others committed meanwhile is read first. */
  async #commit(
    change: (catalogue: Catalogue) => Promise<Catalogue>,
    adopted = false,
  ): Promise<void> {
    const unlock = await patientLock(join(this.root, '.lock'));
    try {
      const now = (await readCatalogue(this.root)) ?? this.#catalogue;
      const changed = await change(now);
      const isNew = changed !== now || now.generation === 0;
      const next = isNew
        ? { ...changed, generation: adopted ? changed.generation : now.generation + 1 }
        : changed;
      if (isNew) await writeCatalogue(this.root, next);
      this.#catalogue = next;
      if (isNew) await sweep(this.root, next);
    } finally {
      await unlock();
    }
  }

  async #write({ id, delivery, date, rows }: Batch): Promise<readonly StoredFile[]> {
    const files: StoredFile[] = [];
    for (const table of TABLE_NAMES) {
      const own = rows[table];
      if (own === undefined) continue;
      const query = 'sql' in own ? own.sql : await this.#staged(table, own);
      const about = { table, delivery: deliverySlug(delivery), date, batches: [id] };
      const file = await writeFile(this.root, this.#database, { ...about, name: id }, query);
      if (file !== undefined) files.push(file);
    }
    return files;
  }

  async #staged(table: TableName, rows: Exclude<Batch['rows'][TableName], undefined>) {
    const columns = TABLES[table];
    const list = columns.map(([name, type]) => `"${name}" ${type}`).join(', ');
    await this.#database.run(`CREATE OR REPLACE TEMP TABLE staged_${table} (${list})`);
    if (!('sql' in rows)) {
      const names = columns.map(([name]) => name);
      await this.#database.fill(`staged_${table}`, names, rows);
    }
    return `SELECT * FROM staged_${table}`;
  }

  async #migrate(): Promise<void> {
    await this.#commit((catalogue) => migrated(this.root, this.#database, catalogue));
  }

  async #views(): Promise<void> {
    for (const table of TABLE_NAMES) {
      await this.#database.run(viewOf(table, this.#catalogue.files, (file) => this.path(file)));
    }
  }
}

/** Opens the history of a folder for as long as it is used. @throws {HarnessError} as `History.open` */
export async function withHistory<T>(
  folder: string,
  use: (history: History) => Promise<T>,
): Promise<T> {
  const history = await History.open(folder);
  try {
    return await use(history);
  } finally {
    await history.close();
  }
}

/** Keeps a connection from everything but the history's own files, for a query that a user wrote. */
export async function confine(history: History): Promise<void> {
  const paths = history.catalogue.files.map((file) => literal(history.path(file))).join(', ');
  await history.database.run(`SET allowed_paths = [${paths}]`);
  await history.database.run('SET enable_external_access = false');
  await history.database.run('SET lock_configuration = true');
}

async function makeFolder(root: string): Promise<void> {
  try {
    await onDisk(root, () => mkdir(root, { recursive: true }));
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof HarnessError || code === undefined) throw error;
    throw new HarnessError('USAGE', `no history can be kept in ${root} (${code})`, {
      hint: 'Name a folder that is writable, or can be made, with --history.',
      cause: error,
    });
  }
}

async function patientLock(path: string): Promise<() => Promise<void>> {
  const until = Date.now() + PATIENCE * 1000;
  for (;;) {
    try {
      return await lock(path, {
        what: 'the history is being written',
        hint: 'Wait for it to end, then run this again.',
      });
    } catch (error) {
      if (!(error instanceof HarnessError) || Date.now() > until) throw error;
      await pause(200);
    }
  }
}
