/** Where the plan's hosts come from: a list, a file of lines, CSV, an Ansible inventory, standard input. */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { expandHosts } from './hostlist.ts';
import { parseTable } from './host-table.ts';
import { parseAnsible } from './ansible.ts';
import type { HostRow } from './host-row.ts';

/**
 * Reads every source, in order.
 *
 * @throws {HarnessError} PLAN_INVALID: a source that can't be read or holds one host or serial twice
 */
export async function readHosts(
  sources: readonly string[],
  stdin: NodeJS.ReadableStream,
): Promise<readonly HostRow[]> {
  const rows = (await Promise.all(sources.map((source) => readSource(source, stdin)))).flat();
  if (rows.length === 0) throw problem('no host is named', 'Name at least one.');
  refuseTwice(rows, 'host', (row) => row.name);
  refuseTwice(rows, 'serial', (row) => row.serial);
  return rows;
}

async function readSource(source: string, stdin: NodeJS.ReadableStream) {
  if (source === '-') return parseText(await readAll(stdin), 'standard input');
  if (!source.startsWith('file:')) return expandHosts(source).map((name) => plainRow(name, 'plan'));
  const path = source.slice('file:'.length);
  try {
    return parseText(await readFile(path, 'utf8'), path.split('/').at(-1) ?? path);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw problem(`the host file ${path} can't be read (${code})`, 'Correct the path.');
  }
}

/** Tells the format by its content: JSON, a table with a header, or lines. */
export function parseText(text: string, from: string): readonly HostRow[] {
  const start = text.trimStart();
  if (start.startsWith('{')) return parseAnsible(start, from);
  const first = start.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  if (/^\s*"?(?:host|name)"?\s*(?:,|$)/iu.test(first)) return parseTable(text, from);
  return text.split(/\r?\n/u).flatMap((line, index) => {
    const word = line.replace(/(?:^|\s)#.*$/u, '').trim();
    const where = `${from} line ${index + 1}`;
    return word === '' ? [] : expandHosts(word).map((name) => plainRow(name, where));
  });
}

function plainRow(name: string, from: string): HostRow {
  return { name, domains: [], from };
}

function refuseTwice(
  rows: readonly HostRow[],
  what: string,
  key: (row: HostRow) => string | undefined,
) {
  const seen = new Map<string, HostRow>();
  const twice: string[] = [];
  for (const row of rows) {
    const value = key(row);
    if (value === undefined) continue;
    const other = seen.get(value);
    if (other === undefined) seen.set(value, row);
    else twice.push(`${JSON.stringify(value)} (${other.from}, ${row.from})`);
  }
  if (twice.length === 0) return;
  const shown = twice.slice(0, 5).join('; ');
  throw problem(`the same ${what} more than once: ${shown}`, 'Leave each unit in once.');
}

function problem(message: string, hint: string): HarnessError {
  return new HarnessError('PLAN_INVALID', message, { hint });
}
