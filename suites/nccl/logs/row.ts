/** One data row of the text form, by the columns that its header names. */
import { figure } from './figure.ts';
import { PLACEMENTS, typeOf, type Cell, type Row } from './table.ts';

/** Columns in order, as the header line names them. */
export type Columns = readonly string[];

/** A header line, without its `#`; undefined where it is none. */
export function columnsOf(text: string): Columns | undefined {
  const words = text.replace(/^#/u, '').trim().split(/\s+/u);
  if (words[0] !== 'size' || words[1] !== 'count' || words[2] !== 'type') return undefined;
  return words;
}

/** Whether a line wants to be a data row: two integers and a type. */
export function looksLikeRow(text: string): boolean {
  const [size = '', count = '', type = ''] = text.trim().split(/\s+/u);
  return /^\d+$/u.test(size) && /^\d+$/u.test(count) && typeOf(type) !== undefined;
}

/** Whether a line can be a piece of a data row: it starts with figures, or holds a row's beginning. */
export function looksLikePiece(text: string): boolean {
  const words = text.trim().split(/\s+/u);
  const figures = words.filter((word) => figure(word) !== undefined || word === 'N/A').length;
  // NCCL's own tuning tables are full of figures.
  const ncclSpeaks = /\bNCCL (?:INFO|WARN|TRACE|CALL)\b/u.test(text);
  if (!ncclSpeaks && figures >= 3 && figures >= words.length / 2) return true;
  const inner = /(\d+)\s+\d+\s+(\S+)\s/u.exec(text);
  return inner?.[2] !== undefined && typeOf(inner[2]) !== undefined;
}

/** @returns the row, or what is wrong with it */
export function readRow(text: string, columns: Columns, line: number): Row | string {
  const words = text.trim().split(/\s+/u);
  const fields = columns.filter((name) => name !== 'timestamp');
  const first = fields.indexOf('time');
  if (fields.includes('cputime'))
    return 'the time is that of the CPU (-C), no bandwidth comes from it';
  const stamped = columns.includes('timestamp') ? 2 : 0;
  const blank = fields.length + stamped - words.length;
  const redopAt = fields.indexOf('redop');
  if (first < 0) return 'no time column';
  // Older alltoall leaves its redop blank.
  if (blank === 1 && redopAt > 0) words.splice(redopAt, 0, '');
  else if (blank !== 0) return `${words.length} columns where the header has ${fields.length}`;
  const at = (name: string) => words[fields.indexOf(name)];
  const [size, count] = [Number(at('size')), Number(at('count'))];
  const type = at('type') ?? '';
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(count))
    return 'size or count is no integer';
  if (typeOf(type) === undefined) return `"${type}" is no type`;
  const redop = redopAt > 0 ? words[redopAt] : undefined;
  if (redop !== undefined && !/^(?:|[a-z]+)$/u.test(redop)) return `"${redop}" is no operator`;
  const root = fields.includes('root') ? Number(at('root')) : -1;
  if (!Number.isInteger(root)) return 'root is no integer';
  const starts = fields.flatMap((name, place) => (name === 'time' ? [place] : []));
  const cells: Cell[] = [];
  for (const [half, start] of starts.entries()) {
    const end = starts[half + 1] ?? fields.length;
    const cell = readCell(fields.slice(start, end), words.slice(start, end), half);
    if (typeof cell === 'string') return cell;
    cells.push(cell);
  }
  return {
    line,
    size,
    count,
    type,
    ...(redop !== undefined && redop !== '' && redop !== 'none' && { redop }),
    ...(root >= 0 && { root }),
    cells,
  };
}

function readCell(fields: readonly string[], words: readonly string[], half: number) {
  const placement = PLACEMENTS[half];
  if (placement === undefined) return 'more than two halves';
  const at = (...names: string[]) => words[fields.findIndex((name) => names.includes(name))] ?? '';
  const named = (name: string) => {
    const found = figure(at(name));
    return found ?? `${placement} ${name} is "${at(name)}"`;
  };
  const [time, algbw, busbw] = [named('time'), named('algbw'), named('busbw')];
  if (typeof time === 'string') return time;
  if (typeof algbw === 'string') return algbw;
  if (typeof busbw === 'string') return busbw;
  const checked = at('#wrong', 'error');
  const wrong = checked === 'N/A' ? undefined : figure(checked)?.value;
  if (wrong === undefined && checked !== 'N/A') return `${placement} #wrong is "${checked}"`;
  return { placement, time, algbw, busbw, ...(wrong !== undefined && { wrong }) };
}
