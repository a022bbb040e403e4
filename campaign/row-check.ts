/** A table of a run against the rows that its evidence gives. */
import { join } from 'node:path';
import { cellsOf, readParquet, type Table } from './directory/parquet.ts';
import { differences } from './differences.ts';
import { attempt, type Problem } from './verify-files.ts';

/** Rows of one table that are named at most. */
const MOST_ROWS = 5;

/** Compares a table with the rows that the evidence gives, one after the other. */
export class RowCheck<T> {
  readonly #file: string;
  readonly #table: Table<T>;
  readonly #problems: Problem[];
  readonly #rows: AsyncIterator<T>;
  #row = 0;
  #named = 0;
  #broken = false;

  /** @param about which rows can be compared: those of withheld evidence are passed over */
  constructor(
    root: string,
    file: string,
    table: Table<T>,
    problems: Problem[],
    about: (row: T) => boolean = () => true,
  ) {
    this.#file = file;
    this.#table = table;
    this.#problems = problems;
    this.#rows = only(readParquet(join(root, file), table), about);
  }

  /** @param what names the row in words */
  async next(expected: T, what: string): Promise<void> {
    const row = await this.#read();
    if (this.#broken) return;
    this.#row += 1;
    const seen = row === undefined ? {} : this.#cells(row);
    const found = differences(seen, this.#cells(expected));
    for (const one of found) this.#name(`row ${this.#row} (${what}): ${one}`);
  }

  /** @param complete all rows that the evidence gives have been compared */
  async end(complete: boolean): Promise<void> {
    if (complete && (await this.#read()) !== undefined) {
      this.#name(`has more than the ${this.#row} rows that the evidence gives`);
    }
    await this.#rows.return?.();
  }

  /** By column; absent cells left out: a file has no cells that are there and undefined. */
  #cells(row: T): object {
    const cells = cellsOf(this.#table, row);
    const named = this.#table.columns.map(({ name }, at) => [name, cells[at]] as const);
    return Object.fromEntries(named.filter(([, cell]) => cell !== undefined));
  }

  async #read(): Promise<T | undefined> {
    if (this.#broken) return undefined;
    const next = await attempt(this.#file, this.#problems, () => this.#rows.next());
    if (next === undefined) this.#broken = true;
    return next === undefined || next.done === true ? undefined : next.value;
  }

  #name(what: string): void {
    this.#named += 1;
    if (this.#named <= MOST_ROWS) this.#problems.push({ file: this.#file, what });
  }
}

async function* only<T>(rows: AsyncIterable<T>, about: (row: T) => boolean): AsyncGenerator<T> {
  for await (const row of rows) if (about(row)) yield row;
}
