/** Hosts as CSV: what a delivery note's spreadsheet gives. */
import { parse } from 'csv-parse/sync';
import { HarnessError } from '../../plan/errors.ts';
import { nearest } from '../../plan/options.ts';
import type { Domain } from '../model.ts';
import { expandHosts } from './hostlist.ts';
import type { HostRow } from './host-row.ts';

const DOMAINS = ['rack', 'block', 'leaf', 'nvlink', 'slice', 'power'] as const;
const COLUMNS = ['host', 'name', 'address', 'port', 'user', 'serial', 'fabric-address', ...DOMAINS];

/** Domains that a row's or an inventory's fields name. */
export function domainsOf(field: (name: string) => string | undefined): readonly Domain[] {
  return DOMAINS.flatMap((kind): Domain[] => {
    const id = field(kind);
    return id === undefined ? [] : [{ kind, id, from: 'plan' }];
  });
}

/**
 * Reads a table whose first line names its columns: host (or name), and any of address, port, user,
 * serial, fabric-address, rack, block, leaf, nvlink, slice, power. A column `#…` is not read.
 *
 * @throws {HarnessError} PLAN_INVALID with the line
 */
export function parseTable(text: string, from: string): readonly HostRow[] {
  const records = readRecords(text, from);
  return records.map(({ record, line }) => {
    const where = `${from} line ${line}`;
    const field = (name: string): string | undefined => record[name]?.trim() || undefined;
    const name = field('host') ?? field('name');
    if (name === undefined) throw invalid(`${where}: no host`, 'Name it, or remove the line.');
    const names = expandHosts(name);
    if (names.length !== 1) throw invalid(`${where}: ${name} is not one host`, 'One host a line.');
    const port = field('port');
    if (port !== undefined && !(/^\d+$/u.test(port) && Number(port) > 0 && Number(port) < 65_536)) {
      throw invalid(`${where}: "${port}" is not a port`, 'Write a number from 1 to 65535.');
    }
    return {
      name,
      from: where,
      domains: domainsOf(field),
      ...optional('address', field('address')),
      ...optional('user', field('user')),
      ...optional('serial', field('serial')),
      ...optional('fabricAddress', field('fabric-address')),
      ...(port !== undefined && { port: Number(port) }),
    };
  });
}

/** A field that is there only when it has a value. */
export function optional<K extends string>(key: K, value: string | undefined) {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: string };
}

type Record_ = Readonly<Record<string, string>>;

function readRecords(text: string, from: string): { record: Record_; line: number }[] {
  try {
    const rows = parse(text, {
      columns: (header: string[]) => header.map((one) => checkedColumn(one, from)),
      bom: true,
      trim: true,
      skip_empty_lines: true,
      comment: '#',
      comment_no_infix: true,
      info: true,
    }) as unknown as { record: Record_; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (error) {
    if (error instanceof HarnessError || !(error instanceof Error)) throw error;
    throw invalid(`${from} is not a table: ${error.message}`, 'Correct the CSV.');
  }
}

function checkedColumn(written: string, from: string): string | undefined {
  const column = written
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/gu, '-');
  if (column === '' || column.startsWith('#')) return undefined;
  if (COLUMNS.includes(column)) return column;
  throw invalid(
    `${from}: unknown column ${JSON.stringify(written)}`,
    `${nearest(column, COLUMNS, 'Known columns')} Put # before its name to leave it out.`,
  );
}

function invalid(message: string, hint: string): HarnessError {
  return new HarnessError('PLAN_INVALID', message, { hint });
}
