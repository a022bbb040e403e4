/** Columns of the history's tables, and the views that queries see. */
import type { StoredFile, TableName } from './model.ts';

/** Version of the columns below; migrations.ts knows how older ones become this. */
export const HISTORY_VERSION = 3;

type Columns = readonly (readonly [name: string, type: string])[];

const RUN: Columns = [
  ['run', 'VARCHAR'],
  ['purpose', 'VARCHAR'],
  ['night', 'DATE'],
];

/**
 * `value` in the metric's stored unit; `serial` is kind:value of the strongest identity, or `place:` and
 * a hash where nothing strong is known; JSON columns are text.
 */
export const TABLES: Readonly<Record<TableName, Columns>> = {
  runs: [
    ...RUN,
    ['sealed_at', 'TIMESTAMP'],
    ['manifest', 'VARCHAR'],
    ['version', 'VARCHAR'],
    ['origin', 'VARCHAR'],
    ['delivery', 'VARCHAR'],
    ['reference', 'VARCHAR'],
    ['provider', 'VARCHAR'],
    ['sku', 'VARCHAR'],
    ['lot', 'VARCHAR'],
    ['delivered', 'INTEGER'],
    ['tested', 'INTEGER'],
    ['accepted', 'INTEGER'],
    ['rejected', 'INTEGER'],
    ['price_per_node_hour', 'DOUBLE'],
    ['currency', 'VARCHAR'],
    ['record', 'VARCHAR'],
  ],
  nodes: [
    ...RUN,
    ['serial', 'VARCHAR'],
    ['node', 'VARCHAR'],
    ['place', 'VARCHAR'],
    ['rack', 'VARCHAR'],
    ['leaf', 'VARCHAR'],
    ['verdict', 'VARCHAR'],
    ['reason', 'VARCHAR'],
    ['environment', 'VARCHAR'],
  ],
  points: [
    ...RUN,
    ['sealed_at', 'TIMESTAMP'],
    ['serial', 'VARCHAR'],
    ['rack', 'VARCHAR'],
    ['leaf', 'VARCHAR'],
    ['subject_kind', 'VARCHAR'],
    ['subject', 'VARCHAR'],
    ['metric', 'VARCHAR'],
    ['parameters', 'VARCHAR'],
    ['unit', 'VARCHAR'],
    ['better', 'VARCHAR'],
    ['n', 'INTEGER'],
    ['value', 'DOUBLE'],
    ['low', 'DOUBLE'],
    ['high', 'DOUBLE'],
    ['origin', 'VARCHAR'],
  ],
  samples: [
    ...RUN,
    ['serial', 'VARCHAR'],
    ['subject', 'VARCHAR'],
    ['metric', 'VARCHAR'],
    ['parameters', 'VARCHAR'],
    ['value', 'DOUBLE'],
    ['attempt', 'VARCHAR'],
    ['stream', 'VARCHAR'],
    ['sha256', 'VARCHAR'],
    ['line', 'BIGINT'],
    ['window_start', 'DOUBLE'],
    ['window_end', 'DOUBLE'],
  ],
  events: [
    ['id', 'VARCHAR'],
    ['told_at', 'TIMESTAMP'],
    ['night', 'DATE'],
    ['kind', 'VARCHAR'],
    ['delivery', 'VARCHAR'],
    ['body', 'VARCHAR'],
  ],
};

/**
 * Columns that another one says already where a point is one trial, as nearly all of a night's are: how they are
 * stored, and how they are read. They were two fifths of the points' bytes.
 */
const IMPLIED: Readonly<Partial<Record<TableName, Readonly<Record<string, Implied>>>>> = {
  points: {
    low: { stored: 'CASE WHEN n > 1 THEN low END', read: 'coalesce(low, value)' },
    high: { stored: 'CASE WHEN n > 1 THEN high END', read: 'coalesce(high, value)' },
  },
};

/** Two SQL expressions. */
interface Implied {
  readonly stored: string;
  readonly read: string;
}

/** The columns of a table as a SELECT list: of what is to be stored, from its rows; or of its rows, from what is. */
export function columnsOf(table: TableName, as: keyof Implied): string {
  const columns = TABLES[table].map(
    ([name, type]) => `(${IMPLIED[table]?.[name]?.[as] ?? `"${name}"`})::${type} AS "${name}"`,
  );
  return columns.join(', ');
}

/** Rows of one machine, then of one series, stand together: a query for a serial reads few row groups. */
export const ORDER: Readonly<Record<TableName, string>> = {
  runs: 'sealed_at, run',
  nodes: 'serial, night, run',
  points: 'serial NULLS LAST, subject, metric, parameters, night, run',
  samples: 'serial NULLS LAST, subject, metric, parameters, night, run, attempt',
  events: 'told_at, id',
};

/** All tables, in the order in which they are listed. */
export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * The statement that makes a table's view over its files.
 *
 * @param path file of the history → path on this machine
 */
export function viewOf(
  table: TableName,
  files: readonly StoredFile[],
  path: (file: StoredFile) => string,
): string {
  const own = files.filter((file) => file.table === table);
  if (own.length === 0) {
    const columns = TABLES[table].map(([name, type]) => `NULL::${type} AS "${name}"`);
    return `CREATE OR REPLACE TEMP VIEW ${table} AS SELECT ${columns.join(', ')} WHERE false`;
  }
  const list = own.map((file) => literal(path(file))).join(', ');
  return `CREATE OR REPLACE TEMP VIEW ${table} AS SELECT ${columnsOf(table, 'read')} FROM read_parquet([${list}], hive_partitioning = false, union_by_name = false)`;
}
