/** Questions to the history: by node, serial, metric, delivery and date; and a reader's own SQL. */
import { HarnessError } from '../../plan/errors.ts';
import { asUsage, type Read } from './database.ts';
import { confine, type History } from './store.ts';
import type { Cell } from './model.ts';

/** What is asked for; an absent field is no limit. */
export interface Filter {
  /** Reference. */
  readonly delivery?: string | undefined;
  /** Node id in its run, or place. */
  readonly node?: string | undefined;
  /** A chassis serial, or kind:value of any identity. */
  readonly serial?: string | undefined;
  /** Metric or its beginning. */
  readonly metric?: string | undefined;
  /** YYYY-MM-DD, both included. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Rows, at most. */
  readonly limit: number;
}

/** Rows with their columns' names in order. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, Read>>[];
}

/** Tables that can be asked for by name. */
export const ASKED: Readonly<Record<'points' | 'runs' | 'nodes', string>> = {
  points: 'night, run, purpose, serial, subject, metric, parameters, n, value, low, high, unit',
  runs: 'night, run, purpose, delivery, reference, provider, sku, origin, lot, delivered, tested, accepted, rejected',
  nodes: 'night, run, purpose, serial, node, rack, leaf, verdict, reason',
};

/** Beginnings of what the history calls a machine. */
const KIND = /^(?:provider-id|plan|serial|accelerators|nics|place):/u;

/** Rows of a table that pass the filter, oldest first. */
export async function ask(
  history: History,
  table: keyof typeof ASKED,
  filter: Filter,
): Promise<Answer> {
  const { where, parameters } = conditions(table, filter);
  const columns = ASKED[table].split(', ');
  const sql = `SELECT ${columns.join(', ')} FROM ${table} ${where} ORDER BY night, run${table === 'points' ? ', subject, metric, parameters' : ''} LIMIT ${Math.trunc(filter.limit)}`;
  return { columns, rows: await history.database.all(sql, parameters) };
}

function conditions(table: keyof typeof ASKED, filter: Filter) {
  const { delivery, node, serial, metric, since, until } = filter;
  const terms: string[] = [];
  const parameters: Record<string, Cell> = {};
  const add = (name: string, value: string | undefined, term: string) => {
    if (value === undefined) return;
    terms.push(term);
    parameters[name] = value;
  };
  add('delivery', delivery, 'run IN (SELECT run FROM runs WHERE delivery = $delivery)');
  add('since', since, 'night >= $since::DATE');
  add('until', until, 'night <= $until::DATE');
  if (table !== 'runs') {
    // Equality alone prunes row groups, as the files are in the order of serials: no OR, no expression.
    add('serial', serial && identified(serial), 'serial = $serial');
    add(
      'node',
      node,
      table === 'nodes'
        ? '(node = $node OR place = $node)'
        : '(run, serial) IN (SELECT (run, serial) FROM nodes WHERE node = $node OR place = $node)',
    );
  }
  if (table === 'points') add('metric', metric, 'starts_with(metric, $metric)');
  return { where: terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`, parameters };
}

/** kind:value as the history has it: a value without a kind is a chassis serial. */
function identified(serial: string): string {
  return KIND.test(serial) ? serial : `serial:${serial}`;
}

/**
 * Answers one SELECT over the views runs, nodes, points, samples and events. It can read nothing else
 * on this machine and write nothing; the history's connection is confined from then on.
 *
 * @throws {HarnessError} USAGE for anything but one SELECT, and for a query that can't be answered
 */
export async function readOnly(history: History, sql: string): Promise<Answer> {
  if ((await history.database.kindOf(sql)) !== 'select') {
    throw new HarnessError('USAGE', 'only one SELECT is answered: the history is read-only here', {
      hint: 'E.g. --sql "SELECT night, median(value) FROM points GROUP BY night ORDER BY night".',
    });
  }
  await confine(history);
  try {
    const rows = await history.database.all(sql);
    return { columns: Object.keys(rows[0] ?? {}), rows };
  } catch (error) {
    throw asUsage(error);
  }
}
