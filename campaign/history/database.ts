/** DuckDB in this process, loaded when the history is first asked for. The only importer of its package. */
import { availableParallelism } from 'node:os';
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import { HarnessError } from '../../plan/errors.ts';
import type { Cell } from './model.ts';

/** A value of a row that was read. */
export type Read = string | number | bigint | boolean | null;

/** An open database; `close` it. */
export interface Database {
  /** Runs statements for their effect. @throws {HarnessError} DISK_FULL */
  run(sql: string, parameters?: Readonly<Record<string, Cell>>): Promise<void>;
  /** Rows as objects; dates and times as text. */
  all(
    sql: string,
    parameters?: Readonly<Record<string, Cell>>,
  ): Promise<readonly Readonly<Record<string, Read>>[]>;
  /** Columns by name, in the query's order: for millions of rows. */
  columns(sql: string): Promise<Readonly<Record<string, readonly Read[]>>>;
  /** Kind of the one statement that a text is. @throws {HarnessError} USAGE where it is none or several */
  kindOf(sql: string): Promise<'select' | 'other'>;
  /** Puts rows into a table that is there, column by column. */
  fill(
    table: string,
    columns: readonly string[],
    rows: readonly Readonly<Record<string, Cell>>[],
  ): Promise<void>;
  close(): void;
}

/**
 * Opens a database in memory. Nothing is downloaded: extensions that are not built in do not load.
 *
 * @param scratch folder for what does not fit into memory
 */
export async function openDatabase(scratch: string): Promise<Database> {
  const { DuckDBInstance: Instance, StatementType } = await import('@duckdb/node-api');
  const instance: DuckDBInstance = await Instance.create(':memory:', {
    threads: String(Math.min(4, availableParallelism())),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: scratch,
    // A month of a large fleet is sorted through the scratch folder; it took all of a small controller's memory.
    memory_limit: '1GB',
    preserve_insertion_order: 'true',
  });
  const connection: DuckDBConnection = await instance.connect();
  // DuckDB names columns after any zone the machine has; the history speaks UTC.
  await connection.run("SET TimeZone = 'UTC'");
  const reading = (sql: string, parameters: Readonly<Record<string, Cell>> = {}) =>
    named(() => connection.runAndReadAll(sql, bound(parameters)));
  return {
    async run(sql, parameters = {}) {
      await named(() => connection.run(sql, bound(parameters)));
    },
    async all(sql, parameters) {
      const reader = await reading(sql, parameters);
      return reader.getRowObjects().map((row) => plainRow(row));
    },
    async columns(sql) {
      const reader = await reading(sql);
      const found = reader.getColumnsObject();
      return Object.fromEntries(
        Object.entries(found).map(([name, cells]) => [name, cells.map((cell) => plain(cell))]),
      );
    },
    async kindOf(sql) {
      try {
        const statements = await connection.extractStatements(sql);
        if (statements.count !== 1) {
          throw new HarnessError('USAGE', `${statements.count} statements where one is asked for`, {
            hint: 'Give one SELECT.',
          });
        }
        const statement = await statements.prepare(0);
        const { statementType } = statement;
        statement.destroySync();
        return statementType === StatementType.SELECT ? 'select' : 'other';
      } catch (error) {
        throw asUsage(error);
      }
    },
    async fill(table, columns, rows) {
      const appender = await connection.createAppender(table);
      for (const row of rows) {
        for (const column of columns) append(appender, row[column]);
        appender.endRow();
      }
      appender.closeSync();
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** A query's own mistake, in the user's words. */
export function asUsage(error: unknown): unknown {
  if (error instanceof HarnessError || !(error instanceof Error)) return error;
  return new HarnessError('USAGE', `the query can't be answered: ${error.message}`, {
    hint: 'Tables: runs, nodes, points, samples, events; `assay history --help`.',
    cause: error,
  });
}

type Appender = Awaited<ReturnType<DuckDBConnection['createAppender']>>;

function append(appender: Appender, cell: Cell): void {
  if (cell === undefined) appender.appendNull();
  else if (typeof cell === 'string') appender.appendVarchar(cell);
  else if (typeof cell === 'boolean') appender.appendBoolean(cell);
  else appender.appendDouble(cell);
}

function bound(parameters: Readonly<Record<string, Cell>>): Record<string, DuckDBValue> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, cell]) => [name, cell ?? null] as const),
  );
}

function plainRow(row: Readonly<Record<string, DuckDBValue>>): Readonly<Record<string, Read>> {
  return Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, plain(cell)]));
}

/** What is no number, text or boolean (dates, decimals, lists) is spelled as DuckDB does. */
function plain(cell: DuckDBValue): Read {
  if (cell === null || typeof cell !== 'object') return cell;
  return String(cell);
}

/** A full disk has its own name; the rest is a bug of ours, or of the file that it speaks of. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && /no space left|disk quota|file too large/iu.test(error.message)) {
      throw new HarnessError('DISK_FULL', 'no space left on this machine for the history', {
        hint: 'Free space and run it again; what was measured is kept in its run directory.',
        cause: error,
      });
    }
    throw error;
  }
}
