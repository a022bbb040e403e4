/** The text form of nccl-tests and rccl-tests, old and new, alone or among a launcher's and NCCL's lines. */
import { figure, type Figure } from './figure.ts';
import { bare, INNER_TAG } from './prefix.ts';
import { incomplete, unreadable } from './refusal.ts';
import { columnsOf, looksLikePiece, looksLikeRow, readRow, type Columns } from './row.ts';
import type { Device, Range, Row, Table } from './table.ts';

const RANGE =
  /^#?\s*nThread \d+ nGpus \d+ minBytes (\d+) maxBytes (\d+) step: (\d+)\((factor|bytes)\)/u;
const REDUCED = /^#?\s*Reducing maxBytes to (\d+)/u;
const DEVICE =
  /^#?\s*Rank\s+(\d+)\s+(?:Group\s+(\d+)\s+)?Pid\s+\d+\s+on\s+(\S+)\s+device\s+\d+\s+\[[0-9a-fA-Fx:.]+\]/u;
const STARTING = /^#?\s*Collective test starting:\s*(\S+)/u;
const VERSION = /^#?\s*nccl-tests version /u;
const BOUNDS = /^#?\s*Out of bounds values\s*:\s*\d+\s+(?:OK|FAILED)/u;
const AVERAGE = /^#?\s*Avg bus bandwidth\s*:\s*(\S+)/u;

interface Section {
  named?: string;
  library: Table['library'];
  range?: Range;
  devices: Device[];
  columns?: Columns;
  rows: Row[];
  tag?: string;
  bounds: boolean;
  average?: Figure & { line: number };
  last: number;
}

/** Takes a text line by line; keeps rows, devices and the header, no other output. */
export function textReader(file: string) {
  const sections: Section[] = [];
  let current = fresh();
  const turn = () => {
    if (current.range === undefined) return;
    sections.push(current);
    current = fresh();
  };
  let last = 0;
  return {
    /** @throws {HarnessError} OUTPUT_UNREADABLE for a torn or contradictory line, OUTPUT_INCOMPLETE for a missing head */
    line(raw: string, line: number): void {
      last = line;
      const { tag, text } = bare(raw);
      if (RANGE.test(text) || STARTING.test(text) || VERSION.test(text)) turn();
      take(current, text, tag, line, file);
    },
    /** Every run, in order. @throws {HarnessError} as `line` does */
    end(): readonly Table[] {
      turn();
      if (sections.length > 0) return sections.map((section) => finish(section, file));
      throw unreadable(
        file,
        1,
        `no nccl-tests header in ${last} lines`,
        'Give the whole output of one of the *_perf programs.',
      );
    },
  };
}

/**
 * Every run of a file, in order.
 *
 * @throws {HarnessError} as `textReader` does
 */
export function readText(text: string, file: string): readonly Table[] {
  const reader = textReader(file);
  for (const [index, raw] of text.split('\n').entries()) reader.line(raw, index + 1);
  return reader.end();
}

function fresh(): Section {
  return { library: 'nccl', devices: [], rows: [], bounds: false, last: 1 };
}

function take(section: Section, text: string, tag: string | undefined, line: number, file: string) {
  const damaged = (message: string) =>
    unreadable(file, line, message, 'Bring the output as the tool wrote it, one run a file.');
  if (INNER_TAG.test(text) && looksLikePiece(text)) {
    throw damaged('two ranks’ lines are joined here');
  }
  const name = STARTING.exec(text)?.[1];
  if (name !== undefined) section.named = programName(name);
  if (/\brccl\b/iu.test(text)) section.library = 'rccl';
  const range = RANGE.exec(text);
  if (range !== null) {
    const [from, to, by] = [range[1], range[2], range[3]].map(Number);
    const kind = range[4] === 'factor' ? 'factor' : 'bytes';
    section.range = { line, from: from ?? 0, to: to ?? 0, step: { kind, by: by ?? 0 } };
  }
  const reduced = REDUCED.exec(text);
  if (reduced !== null && section.range !== undefined) {
    section.range = { ...section.range, to: Number(reduced[1]) };
  }
  const device = DEVICE.exec(text);
  if (device !== null) {
    const [rank, group] = [Number(device[1]), Number(device[2] ?? 0)];
    section.devices.push({ line, rank, group, host: device[3] ?? '' });
  }
  const columns = columnsOf(text);
  if (columns !== undefined) section.columns = columns;
  if (looksLikeRow(text)) {
    if (section.range === undefined || section.columns === undefined) {
      throw incomplete(file, line, 'a row before any header');
    }
    if (section.rows.length > 0 && section.tag !== tag) {
      throw damaged(`rows of ${tag ?? 'no one'} among those of ${section.tag ?? 'no one'}`);
    }
    if (tag !== undefined) section.tag = tag;
    const row = readRow(text, section.columns, line);
    if (typeof row === 'string') throw damaged(`this row can't be read: ${row}`);
    section.rows.push(row);
  } else if (isTable(section) && !text.startsWith('#') && looksLikePiece(text)) {
    throw damaged('a piece of a row');
  }
  if (BOUNDS.test(text)) section.bounds = true;
  const average = AVERAGE.exec(text)?.[1];
  if (average !== undefined) {
    const value = figure(average);
    if (value === undefined) throw damaged(`the average bus bandwidth is "${average}"`);
    // %g drops trailing zeros: the slack is that of six digits.
    const slack = 0.5 * 10 ** (Math.floor(Math.log10(Math.max(value.value, 1e-5))) - 5);
    section.average = { ...value, slack, line };
  }
  if (text.trim() !== '' && (section.range !== undefined || section.rows.length > 0)) {
    section.last = line;
  }
}

/** Between the header and the footer: figures that are no row are a damaged one. */
function isTable(section: Section): boolean {
  return section.columns !== undefined && section.average === undefined;
}

/** "…/all_reduce_perf_mpi" → "all_reduce". */
export function programName(path: string): string {
  return (path.split('/').pop() ?? path)
    .replace(/_perf.*$/u, '')
    .replace(/^sendrecv.*$/u, 'sendrecv');
}

function finish(section: Section, file: string): Table {
  const { range, columns, devices, rows, average } = section;
  if (range === undefined) throw incomplete(file, section.last, 'the header is missing');
  const ranks = ranksOf(devices, file, range.line);
  return {
    ...(section.named !== undefined && { named: section.named }),
    library: section.library,
    range,
    devices,
    ranks,
    columns: {
      redop: columns?.includes('redop') ?? false,
      root: columns?.includes('root') ?? false,
    },
    rows,
    ...(average !== undefined && { average }),
    ended: section.bounds && average !== undefined,
    last: section.last,
  };
}

/**
 * Ranks of the communicator that is printed: the first group's.
 *
 * @throws {HarnessError} when the list is not whole, or there is one rank: no bus bandwidth comes from it
 */
function ranksOf(devices: readonly Device[], file: string, line: number): number {
  const [first] = devices;
  if (first === undefined) throw incomplete(file, line, 'the device list is missing');
  const seen = [...new Set(devices.map((one) => one.rank))].sort((a, b) => a - b);
  if (seen.length !== devices.length) {
    throw unreadable(
      file,
      first.line,
      'several processes are each rank 0 of their own run: nothing was sent between them',
      'Build nccl-tests with MPI=1 to run over several processes.',
    );
  }
  if (seen.some((rank, at) => rank !== at)) {
    const missing = seen.findIndex((rank, at) => rank !== at);
    throw incomplete(file, first.line, `rank ${missing} is missing from the device list`);
  }
  const ranks = devices.filter((one) => one.group === first.group).length;
  if (ranks >= 2) return ranks;
  throw unreadable(
    file,
    first.line,
    'the communicator has one rank: nothing was sent, so there is no bus bandwidth',
    'Run over 2 ranks or more; under mpirun, build nccl-tests with MPI=1.',
  );
}
