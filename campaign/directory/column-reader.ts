/** The columns of one row group, each decoded when it is first asked for. */
import { readSync } from 'node:fs';
import type { ColumnMetaData, FileMetaData, RowGroup } from 'hyparquet';
import { readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { parquetSchema } from 'hyparquet/src/metadata.js';
import { getTreePath } from 'hyparquet/src/schema.js';
import type { Cells } from './columns.ts';

/** Reads from a file that is open. */
export class ColumnReader {
  readonly rows: number;
  readonly #file: number;
  readonly #metadata: FileMetaData;
  readonly #group: RowGroup;
  readonly #columns = new Map<string, Cells>();

  constructor(file: number, metadata: FileMetaData, group: RowGroup) {
    this.#file = file;
    this.#metadata = metadata;
    this.#group = group;
    this.rows = Number(group.num_rows);
  }

  /** A column's cells, one a row. @throws {Error} where the file has no such column, or a broken one */
  cells(name: string): Cells {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    const cells = this.#read(name);
    if (cells.length !== this.rows) {
      throw new Error(`${cells.length} cells of ${this.rows} in column ${name}`);
    }
    this.#columns.set(name, cells);
    return cells;
  }

  #read(name: string): Cells {
    const chunk = this.#group.columns.find(({ meta_data }) => {
      return meta_data?.path_in_schema.length === 1 && meta_data.path_in_schema[0] === name;
    })?.meta_data;
    if (chunk === undefined) throw new Error(`no column ${name}`);
    const schemaPath = getTreePath(parquetSchema(this.#metadata), chunk.path_in_schema);
    const element = schemaPath.at(-1)?.element;
    if (element === undefined) throw new Error(`no column ${name} in the schema`);
    const { data } = readColumn(
      { view: this.#bytes(chunk), offset: 0 },
      { groupStart: 0, groupRows: this.rows, selectStart: 0, selectEnd: this.rows },
      {
        ...chunk,
        pathInSchema: chunk.path_in_schema,
        element,
        schemaPath,
        parsers: DEFAULT_PARSERS,
      },
    );
    const [first = []] = data;
    // A column of several pages comes in parts.
    return data.length <= 1 ? (first as Cells) : data.flatMap((part) => Array.from(part as Cells));
  }

  #bytes({ dictionary_page_offset: dictionary, ...chunk }: ColumnMetaData): DataView {
    const from = Number(dictionary ?? chunk.data_page_offset);
    const bytes = new Uint8Array(Number(chunk.total_compressed_size));
    const read = readSync(this.#file, bytes, 0, bytes.length, from);
    if (read !== bytes.length) throw new Error('it ends in the middle of a column');
    return new DataView(bytes.buffer);
  }
}
