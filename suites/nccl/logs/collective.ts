/** Which collective a log is of: named, or told from columns and figures, or asked for. */
import { HarnessError } from '../../../plan/errors.ts';
import { COLLECTIVES, isCollective, OTHERS, type AnyCollective } from '../collectives.ts';
import { columnsFit, contradiction } from './agreement.ts';
import { unreadable } from './refusal.ts';
import type { Table } from './table.ts';

/**
 * @param asked what the user says it is
 * @throws {HarnessError} OUTPUT_UNREADABLE when the log contradicts its name, or can be several
 */
export function collectiveOfTable(
  table: Table,
  file: string,
  asked: string | undefined,
): AnyCollective {
  if (asked !== undefined && !isCollective(asked)) {
    throw new HarnessError('USAGE', `no collective is called "${asked}"`, {
      hint: `One of: ${[...COLLECTIVES, ...OTHERS].join(', ')}.`,
    });
  }
  const named = table.named ?? asked;
  if (named !== undefined && !isCollective(named)) {
    throw unreadable(
      file,
      table.range.line,
      `a test called "${named}" is not known`,
      'Only logs of collectives with a known bandwidth formula can be read.',
    );
  }
  if (asked !== undefined && named !== asked) {
    throw unreadable(
      file,
      table.range.line,
      `the log is of ${named}, not of ${asked}`,
      'Leave --collective out.',
    );
  }
  if (named !== undefined) {
    for (const row of table.rows) {
      const wrong = contradiction(row, named, table.ranks);
      if (wrong === undefined) continue;
      throw unreadable(
        file,
        row.line,
        `the figures contradict each other for ${named}: ${wrong}`,
        'The line is damaged, or the log is of another collective.',
      );
    }
    return named;
  }
  return told(table, file);
}

/** By elimination: what no row speaks against. */
function told(table: Table, file: string): AnyCollective {
  const fits = (one: AnyCollective) =>
    table.rows.every((row) => columnsFit(table, row, one)) && checkedAs(table, one);
  const byColumns = [...COLLECTIVES, ...OTHERS]
    // Its bandwidth can't be recomputed, so nothing speaks against it.
    .filter((one) => one !== 'alltoallv')
    .filter(fits);
  const left = byColumns.filter((one) =>
    table.rows.every((row) => contradiction(row, one, table.ranks) === undefined),
  );
  const [only] = left;
  if (only !== undefined && left.length === 1) return only;
  if (left.length > 1) {
    throw unreadable(
      file,
      table.range.line,
      `the log does not name its collective, and it can be ${left.join(' or ')}`,
      'Say which with --collective.',
    );
  }
  // The row at which the last candidate goes names the place.
  let candidates = byColumns;
  for (const row of table.rows) {
    const next = candidates.filter((one) => contradiction(row, one, table.ranks) === undefined);
    if (next.length === 0) {
      const [first = 'all_reduce'] = candidates;
      const why = contradiction(row, first, table.ranks) ?? 'columns that no collective has';
      throw unreadable(
        file,
        row.line,
        `the figures fit no collective: ${why}`,
        'The line is damaged, or the device list is not that of the run.',
      );
    }
    candidates = next;
  }
  throw unreadable(
    file,
    table.range.line,
    'the columns are those of no known collective',
    'Say which collective it is with --collective.',
  );
}

/** alltoall and sendrecv never check in-place results; the others do when they check at all. */
function checkedAs(table: Table, collective: AnyCollective): boolean {
  const unchecked = collective === 'alltoall' || collective === 'sendrecv';
  return table.rows.every((row) => {
    const [out, into] = row.cells;
    if (out?.wrong === undefined || into === undefined) return true;
    return (into.wrong === undefined) === unchecked;
  });
}
