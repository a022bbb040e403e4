/** nvbandwidth's text: a matrix of bandwidths or latencies for each test, and their sum. */
import type { ImportedSample, ImportOptions } from '../../import-model.ts';
import { figure, scaled, type Figure } from './figure.ts';
import { incomplete, unreadable } from './refusal.ts';

const RUNNING = /^Running (\S+)\.$/u;
const TITLE = /\((GB\/s|ns)\)\s*$/u;
const SUM = /^SUM (\S+) (\S+)$/u;

const UNITS = {
  'GB/s': { unit: 'B/s', exponent: 9, quantity: 'bandwidth' },
  ns: { unit: 's', exponent: -9, quantity: 'latency' },
} as const;

interface Test {
  readonly name: string;
  readonly line: number;
  unit?: keyof typeof UNITS;
  columns?: readonly number[];
  cells: { line: number; row: number; column: number; value: Figure }[];
  sum?: { line: number; value: Figure };
}

/**
 * @returns a sample for each cell (rows and columns are device numbers) and each test's sum (`total: true`)
 * @throws {HarnessError} OUTPUT_UNREADABLE where a matrix is damaged or its sum is another;
 *   OUTPUT_INCOMPLETE where a test did not end
 */
export function readNvbandwidth(text: string, options: ImportOptions): readonly ImportedSample[] {
  const { file, partial = false } = options;
  const lines = text.split('\n').map((line) => line.replace(/\r$/u, '').trim());
  if (!lines.some((line) => line.startsWith('nvbandwidth Version:'))) {
    const hint = 'Give the text output of nvbandwidth (not its JSON).';
    throw unreadable(file, 1, `no nvbandwidth header in ${lines.length} lines`, hint);
  }
  const tests: Test[] = [];
  for (const [index, line] of lines.entries()) {
    const current = tests.at(-1);
    const name = RUNNING.exec(line)?.[1];
    if (name !== undefined) tests.push({ name, line: index + 1, cells: [] });
    else if (current !== undefined && current.sum === undefined) {
      take(current, line, index + 1, file);
    }
  }
  if (tests.length === 0) throw incomplete(file, lines.length, 'not one test was run');
  const whole = tests.filter((test) => {
    const ended = test.sum !== undefined && test.cells.length > 0;
    if (!ended && !partial && !isWaived(lines, test)) {
      throw incomplete(file, test.line, `${test.name} has no sum: it did not end`);
    }
    return test.cells.length > 0;
  });
  const marked = tests.some((test) => test.sum === undefined && !isWaived(lines, test));
  return whole.flatMap((test) => samplesOf(test, marked, file));
}

/** A test that the machine can't run says "Waived". */
function isWaived(lines: readonly string[], test: Test): boolean {
  return test.cells.length === 0 && (lines[test.line] ?? '').startsWith('Waived');
}

function take(test: Test, line: string, number: number, file: string): void {
  const unit = TITLE.exec(line)?.[1];
  if (unit === 'GB/s' || unit === 'ns') {
    test.unit = unit;
    return;
  }
  const damaged = (message: string) =>
    unreadable(file, number, `${test.name}: ${message}`, 'Bring the output as the tool wrote it.');
  const sum = SUM.exec(line);
  if (sum !== null) {
    const value = figure(sum[2] ?? '');
    if (sum[1] !== test.name || value === undefined) throw damaged(`not its sum: "${line}"`);
    test.sum = { line: number, value };
    return;
  }
  if (line === '' || test.unit === undefined) return;
  const words = line.split(/\s+/u);
  if (test.columns === undefined) {
    if (!words.every((word) => /^\d+$/u.test(word)))
      throw damaged('no device numbers in the first row');
    test.columns = words.map(Number);
    return;
  }
  const [row = '', ...values] = words;
  if (!/^\d+$/u.test(row)) throw damaged(`a line that is no row: "${line.slice(0, 80)}"`);
  if (values.length !== test.columns.length) {
    throw damaged(`${values.length} values under ${test.columns.length} devices`);
  }
  for (const [at, word] of values.entries()) {
    // A device and itself.
    if (word === 'N/A') continue;
    const value = figure(word);
    if (value === undefined) throw damaged(`"${word}" is no figure`);
    test.cells.push({ line: number, row: Number(row), column: test.columns[at] ?? 0, value });
  }
}

function samplesOf(test: Test, partial: boolean, file: string): readonly ImportedSample[] {
  const { unit, exponent, quantity } = UNITS[test.unit ?? 'GB/s'];
  if (test.sum !== undefined) checkSum(test, test.sum, file);
  const metric = `nvbandwidth.${test.name}.${quantity}`;
  const mark = { unit, metric, ...(partial && { partial }) };
  const cells = test.cells.map(({ line, row, column, value }): ImportedSample => ({
    ...mark,
    parameters: { row, column },
    value: scaled(value, exponent),
    line,
  }));
  if (test.sum === undefined) return cells;
  const { line, value } = test.sum;
  return [...cells, { ...mark, parameters: { total: true }, value: scaled(value, exponent), line }];
}

function checkSum(test: Test, sum: { line: number; value: Figure }, file: string): void {
  const total = test.cells.reduce((all, cell) => all + cell.value.value, 0);
  const slack = test.cells.reduce((all, cell) => all + cell.value.slack, sum.value.slack);
  if (Math.abs(total - sum.value.value) <= slack * (1 + 1e-9)) return;
  const message = `${test.name}: the sum is ${sum.value.text}, the cells give ${total.toFixed(2)}`;
  throw unreadable(file, sum.line, message, 'A row is missing or was changed.');
}
