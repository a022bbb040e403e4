/** Parquet files written in row groups and read back the same way: memory is one row group. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { systemCode } from '../../plan/errors.ts';
import { namedDiskError } from './disk.ts';
import { unreadable } from './json.ts';

/** Rows held in memory, written and read together. */
const GROUP = 20_000;

export type Cell = string | number | bigint | boolean | undefined;
/** A cell that is not there is undefined when written, null when read. */
export type Row = Readonly<Record<string, Cell | null>>;

/** A column: name, Parquet type, and whether every row has it. */
export interface Column {
  readonly name: string;
  readonly type: 'STRING' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN';
  readonly required: boolean;
  /** Smallest and largest of each row group are stored: for columns that queries filter by. */
  readonly statistics?: true;
}

/** A table of a run directory. */
export interface Table<T> {
  /** `<schema>/<major>` in the file's metadata, e.g. "assay/samples/1". */
  readonly schema: string;
  readonly columns: readonly Column[];
  encode(value: T): Row;
  decode(row: Row): T;
}

/** Rows going to a file; the file has its name only when it is whole. */
export class ParquetSink<T> {
  readonly #path: string;
  readonly #table: Table<T>;
  readonly #file: FileHandle;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  readonly #columns: Cell[][];
  #rows = 0;

  private constructor(path: string, table: Table<T>, file: FileHandle) {
    this.#path = path;
    this.#table = table;
    this.#file = file;
    this.#columns = table.columns.map(() => []);
    const schema = schemaFromColumnData({ columnData: this.#columnData() });
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema,
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
    const row = this.#table.encode(value);
    this.#table.columns.forEach(({ name }, at) => this.#columns[at]?.push(row[name] ?? undefined));
    this.#rows += 1;
    return this.#rows >= GROUP ? this.#group() : undefined;
  }

  /** Writes the footer, syncs and gives the file its name. */
  async close(): Promise<void> {
    await this.#group();
    await this.#writer.finish();
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    await rename(`${this.#path}.tmp`, this.#path);
  }

  /** Leaves no file behind. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(`${this.#path}.tmp`, { force: true });
  }

  async #group(): Promise<void> {
    if (this.#rows === 0) return;
    await this.#writer.write({ columnData: this.#columnData(), rowGroupSize: GROUP });
    for (const column of this.#columns) column.length = 0;
    this.#rows = 0;
    await this.#flush();
  }

  #columnData() {
    return this.#table.columns.map(({ name, type, required, statistics }, at) => ({
      name,
      type,
      nullable: !required,
      statistics: statistics === true,
      data: this.#columns[at] ?? [],
    }));
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
  for await (const row of rows(path, table.columns)) yield decoded(path, table, row);
}

function decoded<T>(path: string, table: Table<T>, row: Row): T {
  try {
    return table.decode(row);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unreadable(path, `${basename(path)} has a malformed row (${why})`, error);
  }
}

async function* rows(path: string, columns: readonly Column[]): AsyncGenerator<Row> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const buffer = await asyncBuffer(file);
    const metadata = await parquetMetadataAsync(buffer);
    const names = columns.map((column) => column.name);
    const total = Number(metadata.num_rows);
    for (let start = 0; start < total; start += GROUP) {
      const end = Math.min(start + GROUP, total);
      const group = await parquetReadObjects({
        file: buffer,
        metadata,
        columns: names,
        rowStart: start,
        rowEnd: end,
      });
      if (group.length !== end - start) throw new Error(`${group.length} rows in a row group`);
      yield* group as Row[];
    }
  } catch (error) {
    const why = systemCode(error) ?? (error instanceof Error ? error.message : String(error));
    throw unreadable(path, `${basename(path)} can't be read (${why})`, error);
  } finally {
    await file?.close();
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
