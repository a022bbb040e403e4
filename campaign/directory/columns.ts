/** Cells and columns of the tables of a run directory. */

export type Cell = string | number | undefined;
/** A cell that is not there is null or undefined when read; whole numbers of 64 bits come as bigint. */
export type ReadCell = Cell | bigint | null;
/** A column as it is read. */
export type Cells = ArrayLike<ReadCell>;
export type Row = Readonly<Record<string, ReadCell>>;

/** A column: name, Parquet type, and whether every row has it. */
export interface Column {
  readonly name: string;
  readonly type: 'STRING' | 'INT64' | 'DOUBLE';
  readonly required: boolean;
  /** Smallest and largest of each row group are stored: for columns that queries filter by. */
  readonly statistics?: true;
}
