/** Rows of the history on a terminal, as CSV, or as JSON. */
import type { Read } from '../../campaign/history/database.ts';
import type { Answer } from '../../campaign/history/query.ts';
import { csvLine } from '../../reports/csv-line.ts';
import { alignedColumns } from '../aligned-columns.ts';
import { printable, type Io } from '../terminal.ts';

export const FORMATS = ['table', 'csv', 'json'] as const;

/** Writes an answer; JSON is one document with its rows. */
export function tellRows(
  { columns, rows }: Answer,
  format: (typeof FORMATS)[number],
  io: Io,
): void {
  if (io.json || format === 'json') {
    io.event({ schema: 'assay/history-rows/1', columns, rows: rows.map(plainRow) });
    return;
  }
  const cells = rows.map((row) => columns.map((name) => cellOf(row[name])));
  if (format === 'csv') {
    io.out([columns, ...cells].map((row) => csvLine(row).trimEnd()).join('\r\n'));
    return;
  }
  const texts = cells.map((row) => row.map((cell) => String(cell ?? '')));
  for (const line of alignedColumns(columns, texts)) io.out(printable(line));
  io.out(`${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`);
}

function cellOf(value: Read | undefined): string | number | boolean | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'bigint' ? Number(value) : value;
}

function plainRow(row: Readonly<Record<string, Read>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, cellOf(value) ?? null]),
  );
}
