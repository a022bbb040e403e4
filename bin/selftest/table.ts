/** The table of a selftest on a terminal. */
import { printable, style, type Io } from '../terminal.ts';
import type { Row } from './model.ts';
import type { Selftest } from './selftest.ts';

/** Columns of a reason; `--json` has all of it. */
const REASON = 110;

/** One row: what was broken, then before and after. */
export function tellRow(row: Row, io: Io): void {
  const word = row.changed ? style(io, 'green', 'changed') : style(io, 'red', 'NOT    ');
  io.out(`${word}  ${printable(row.rule.padEnd(34))}  ${printable(row.broken)}`);
  io.out(`           before ${cell(row.before.verdict)}  ${cut(row.before.reason)}`);
  io.out(`           after  ${cell(row.after.verdict)}  ${cut(row.after.reason)}`);
  if (row.expected !== undefined) io.out(`           must   ${printable(row.expected)}`);
}

/** What it comes to. */
export function tellSelftest({ nodes, before, rows, idle, ok }: Selftest, io: Io): void {
  if (before.verdict !== 'accept') {
    io.out(
      `${style(io, 'red', 'NOTHING PROVED')}: with nothing broken the plan ends in ${before.verdict}: ${printable(before.reason)}`,
    );
    return;
  }
  for (const { id, why } of idle) io.out(printable(`no row   ${id.padEnd(34)}  ${why}`));
  const changed = rows.filter((row) => row.changed).length;
  const summary = `${changed} of ${rows.length} breaks change the verdict as they must, on ${nodes} simulated nodes`;
  io.out(
    ok ? `${style(io, 'green', 'PASS')}: ${summary}` : `${style(io, 'red', 'FAIL')}: ${summary}`,
  );
}

function cell(verdict: string): string {
  return verdict.padEnd(12);
}

function cut(reason: string): string {
  const text = printable(reason);
  return text.length > REASON ? `${text.slice(0, REASON - 1)}…` : text;
}
