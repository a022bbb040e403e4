/** Whether all rows are there that the size range asks for, and whether the footer speaks of them. */
import { incomplete, unreadable } from './refusal.ts';
import type { Range, Row, Table } from './table.ts';

/** A range of more rows is no range. */
const ROWS = 100_000;

/** Sizes as the tool walks them, both ends included. @throws {HarnessError} OUTPUT_UNREADABLE for a range without end */
function sizesOf(range: Range, file: string): readonly number[] {
  const { from, to, step } = range;
  const sizes: number[] = [];
  for (
    let size = from;
    size <= to;
    size = step.kind === 'factor' ? size * step.by : size + step.by
  ) {
    sizes.push(size);
    if (sizes.length > ROWS || (step.kind === 'factor' ? step.by < 2 || from < 1 : step.by < 1)) {
      if (from === to) return [from];
      throw unreadable(file, range.line, 'the size range has no end', 'The header is damaged.');
    }
  }
  return sizes;
}

/**
 * @param partial rows may be missing, but what is there must be in order
 * @throws {HarnessError} OUTPUT_INCOMPLETE or OUTPUT_UNREADABLE with the line
 */
export function checkComplete(table: Table, file: string, partial: boolean): void {
  const sizes = sizesOf(table.range, file);
  const runs = new Map<string, number>();
  const total = sizes.length;
  let key = '';
  let next = 0;
  for (const row of table.rows) {
    const own = `${row.type} ${row.redop ?? ''} ${row.root ?? ''}`;
    if (own !== key) {
      if (next % total !== 0 && !partial) throw gap(table, file, row.line, sizes[next % total]);
      [key, next] = [own, runs.get(own) ?? 0];
    }
    let at = next % total;
    if (partial) while (at < total && !fits(row, sizes[at], table.ranks)) at += 1;
    const fit = fits(row, sizes[at], table.ranks);
    if (!fit && partial) {
      throw unreadable(
        file,
        row.line,
        `${row.size} B is out of order or not in the size range`,
        'The file was put together from several, or a line is damaged.',
      );
    }
    if (!fit) throw gap(table, file, row.line, sizes[at]);
    next = Math.floor(next / total) * total + at + 1;
    runs.set(key, next);
  }
  if (partial) return;
  if (table.rows.length === 0 || next % total !== 0) {
    throw gap(table, file, table.last, sizes[next % total]);
  }
  if (!table.ended)
    throw incomplete(file, table.last, 'the footer is missing: the run did not end');
}

function gap(table: Table, file: string, line: number, missing: number | undefined) {
  const asked = sizesOf(table.range, file).length;
  return incomplete(
    file,
    line,
    `${table.rows.length} rows of the ${asked} that the header asks for; ` +
      `the first one missing is that of ${missing ?? 0} B`,
  );
}

/** A rank's share is rounded down, to at most 4 elements of 8 B. */
function fits(row: Row, size: number | undefined, ranks: number): boolean {
  return size !== undefined && row.size <= size && size - row.size < 32 * ranks;
}

/**
 * The printed average is over every cell: a row that was lost or changed shows.
 *
 * @throws {HarnessError} OUTPUT_UNREADABLE where it is another
 */
export function checkAverage(table: Table, file: string): void {
  const { average } = table;
  if (average === undefined) return;
  const cells = table.rows.flatMap((row) => row.cells);
  const mean = cells.reduce((sum, cell) => sum + cell.busbw.value, 0) / cells.length;
  const slack = Math.max(...cells.map((cell) => cell.busbw.slack)) + average.slack;
  if (Math.abs(mean - average.value) <= slack * (1 + 1e-9)) return;
  throw unreadable(
    file,
    average.line,
    `the average is ${average.text} GB/s, the rows give ${mean.toPrecision(6)}`,
    'A row is missing or was changed.',
  );
}
