/** Parquet files written in row groups and read back the same way: memory is one row group. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { type AsyncBuffer, parquetMetadataAsync } from 'hyparquet';
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { ColumnBuffer } from './column-chunk.ts';
import { ColumnReader } from './column-reader.ts';
import type { Cell, Cells, Column, ReadCell, Row } from './columns.ts';
import type { Group } from './model.ts';
import { namedDiskError } from './disk.ts';
import { unreadable } from './json.ts';

/** Rows held in memory, written and read together. */
const GROUP = 50_000;

/** A table of a run directory. */
export interface Table<T> {
  /** `<schema>/<major>` in the file's metadata, e.g. "assay/samples/1". */
  readonly schema: string;
  readonly columns: readonly Column[];
  /** Puts a value's cells into a row, in the order of the columns: one row serves millions of values. */
  encode(value: T, row: Cell[]): void;
  decode(row: Row): T;
}

/** A value's cells, by themselves. */
export function cellsOf<T>(table: Table<T>, value: T): readonly Cell[] {
  const row: Cell[] = [];
  table.encode(value, row);
  return row;
}

/** Rows going to a file; the file has its name only when it is whole. */
export class ParquetSink<T> {
  readonly #path: string;
  readonly #table: Table<T>;
  readonly #file: FileHandle;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  readonly #columns: readonly ColumnBuffer[];
  readonly #row: Cell[];
  #rows = 0;
  #open = true;

  private constructor(path: string, table: Table<T>, file: FileHandle) {
    this.#path = path;
    this.#table = table;
    this.#file = file;
    this.#columns = table.columns.map((column) => new ColumnBuffer(column, GROUP));
    this.#row = table.columns.map(() => undefined);
    const columnData = table.columns.map(({ name, type, required }) => ({
      name,
      type,
      nullable: !required,
      data: [],
    }));
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaFromColumnData({ columnData }),
      kvMetadata: [{ key: 'schema', value: table.schema }],
      createdBy: 'assay',
    });
  }

  /** @throws {HarnessError} DISK_FULL */
  static async open<T>(path: string, table: Table<T>): Promise<ParquetSink<T>> {
    return new ParquetSink(path, table, await open(`${path}.tmp`, 'w', 0o644));
  }

  /** @returns what to wait for when a row group is full; a promise for every row would cost more than the row */
  write(value: T): Promise<void> | undefined {
    const row = this.#row;
    this.#table.encode(value, row);
    for (let at = 0; at < row.length; at += 1) this.#columns[at]?.push(row[at]);
    this.#rows += 1;
    return this.#rows >= GROUP ? this.#group() : undefined;
  }

  /** Writes the footer, syncs and gives the file its name. */
  async close(): Promise<void> {
    await this.#group();
    await this.#writer.finish();
    await this.#flush();
    await this.#file.sync();
    this.#open = false;
    await this.#file.close();
    await rename(`${this.#path}.tmp`, this.#path);
  }

  /** Leaves no file behind; a file that is whole stays. */
  async discard(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
    await rm(`${this.#path}.tmp`, { force: true });
  }

  async #group(): Promise<void> {
    if (this.#rows === 0) return;
    const from = this.#bytes.offset;
    const columns = this.#columns.map((column) => column.write(this.#bytes));
    this.#writer.row_groups.push({
      columns,
      num_rows: BigInt(this.#rows),
      total_byte_size: columns.reduce(
        (sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n),
        0n,
      ),
      total_compressed_size: BigInt(this.#bytes.offset - from),
    });
    this.#writer.num_rows += BigInt(this.#rows);
    this.#rows = 0;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    try {
      await this.#file.appendFile(this.#bytes.getBytes());
    } catch (error) {
      throw namedDiskError(this.#path, error);
    }
    this.#bytes.index = 0;
  }
}

/**
 * The rows of a file, row group by row group.
 *
 * @throws {HarnessError} RUN_UNREADABLE when it is missing, truncated or no such table
 */
export async function* readParquet<T>(path: string, table: Table<T>): AsyncGenerator<T> {
  for await (const group of readGroups(path, table)) {
    for (let at = 0; at < group.rows; at += 1) yield group.row(at);
  }
}

/**
 * The row groups of a file: for who looks at a few columns of millions of rows.
 *
 * @param only a column and its cells: groups without any of them are passed over
 * @throws {HarnessError} as `readParquet`
 */
export async function* readGroups<T>(
  path: string,
  table: Table<T>,
  only?: { readonly column: string; readonly cells: ReadonlySet<ReadCell> },
): AsyncGenerator<Group<T>> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const metadata = await parquetMetadataAsync(await asyncBuffer(file));
    const { fd } = file;
    for (const group of metadata.row_groups) {
      const reader = new ColumnReader(fd, metadata, group);
      // Read when it is first asked for: who looks at five columns does not wait for twenty-five.
      const column = (name: string): Cells => readable(path, () => reader.cells(name));
      if (only !== undefined && !holds(column(only.column), only.cells)) continue;
      yield {
        rows: reader.rows,
        column,
        row: (at) => decoded(path, table, rowOf(table, column, at)),
      };
    }
  } catch (error) {
    throw asUnreadable(path, error);
  } finally {
    await file?.close();
  }
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asUnreadable(path, error);
  }
}

function asUnreadable(path: string, error: unknown): unknown {
  if (error instanceof HarnessError) return error;
  const why = systemCode(error) ?? (error instanceof Error ? error.message : String(error));
  return unreadable(path, `${basename(path)} can't be read (${why})`, error);
}

function holds(cells: ArrayLike<ReadCell>, wanted: ReadonlySet<ReadCell>): boolean {
  for (let at = 0; at < cells.length; at += 1) if (wanted.has(cells[at])) return true;
  return false;
}

function rowOf<T>({ columns }: Table<T>, column: (name: string) => Cells, at: number): Row {
  const row: Record<string, ReadCell> = {};
  for (const { name } of columns) row[name] = column(name)[at];
  return row;
}

function decoded<T>(path: string, table: Table<T>, row: Row): T {
  try {
    return table.decode(row);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unreadable(path, `${basename(path)} has a malformed row (${why})`, error);
  }
}

async function asyncBuffer(file: FileHandle): Promise<AsyncBuffer> {
  const { size } = await file.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      const bytes = new Uint8Array(Math.max(0, end - start));
      await file.read(bytes, 0, bytes.length, start);
      return bytes.buffer;
    },
  };
}
