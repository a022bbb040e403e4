/** The load generator as its own process, read by the suite's reader as the campaign would. */
import { spawn } from 'node:child_process';
import type { Argument, Step } from '../runners/model.ts';
import type { Case, Outcome, Reading } from '../suites/model.ts';
import { schema } from '../suites/inference/options.ts';
import { inference } from '../suites/inference/suite.ts';
import { decodeRow, type RequestRow } from '../suites/inference/window/row.ts';
import { nodeWith } from './suites/read-session.ts';

/** What one run of the generator came to. */
export interface Loaded {
  readonly readings: readonly Reading[];
  readonly outcome: Outcome;
  /** Window number and request, as printed. */
  readonly rows: readonly (readonly [window: number, row: RequestRow])[];
  /** Start of each window on the machine's monotonic clock, s. */
  readonly epochs: readonly number[];
  /** Everything that it printed. */
  readonly stdout: string;
  /** Values of a metric's readings, by percentile where it has one. */
  value(metric: string, percentile?: number): number | undefined;
  check(name: string): boolean | undefined;
}

/** How the process is started. */
export interface Starting {
  /** Put in front of argv, e.g. `taskset -c 1`. */
  readonly prefix?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Told the process id as soon as there is one. */
  readonly started?: (pid: number) => void;
}

const NODE = nodeWith('n0001', 'cpu');

/** @param serving block of the plan; its first case is run once */
export async function runLoad(serving: object, starting: Starting = {}): Promise<Loaded> {
  const suite = inference(schema.parse({ mode: 'endpoint', serving }));
  const [of] = suite.cases([NODE]);
  const [step] = of === undefined ? [] : suite.steps(of, [NODE]);
  if (of === undefined || step === undefined) throw new Error('no case');
  const { stdout, code } = await printed(step, starting);
  return { ...read(stdout, code, of, suite), stdout };
}

async function printed(step: Step, { prefix = [], environment = {}, started }: Starting) {
  const text = (one: Argument) => {
    if (typeof one === 'string') return one;
    if ('here' in one) return one.here;
    if ('private' in one) return one.private;
    return 'addressOf' in one ? '127.50.0.1' : '';
  };
  const argv = [...prefix, process.execPath, ...process.execArgv, ...step.argv.map(text)];
  const told = Object.entries(step.environment).flatMap(([name, one]) =>
    text(one) === '' ? [] : [[name, text(one)] as const],
  );
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...Object.fromEntries(told), ...environment },
  });
  if (child.pid !== undefined) started?.(child.pid);
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
  return { stdout: Buffer.concat(parts).toString('utf8'), code };
}

function read(stdout: string, code: number, of: Case, suite: ReturnType<typeof inference>) {
  const steps = [{ index: 0, nodes: ['n0001'], on: 'controller', role: 'load' } as const];
  const reader = suite.reader({ case: of, attempt: 'a/0', nodes: [NODE], steps });
  const rows: [number, RequestRow][] = [];
  const epochs: number[] = [];
  const readings = stdout
    .trimEnd()
    .split('\n')
    .flatMap((line, place) => {
      const row = line.includes('"of":"request"')
        ? (JSON.parse(line) as { values: number[] })
        : undefined;
      if (line.includes('"of":"epoch"')) {
        epochs.push((JSON.parse(line) as { values: number[] }).values[1] ?? 0);
      }
      const decoded = row === undefined ? undefined : decodeRow(row.values.slice(1));
      if (typeof decoded === 'object') rows.push([row?.values[0] ?? 0, decoded]);
      const from = { step: 0, node: 'controller', stream: 'stdout', line: place + 1 } as const;
      return [...reader.line(line, from)];
    });
  const exit = { node: 'controller', rank: 0, seconds: 1, ended: 'exited', code } as const;
  const ended = reader.end([{ ...exit, step: 0, role: 'load' }]);
  const all: readonly Reading[] = [...readings, ...ended.readings];
  return {
    readings: all,
    outcome: ended.outcome,
    rows,
    epochs,
    value: (metric: string, percentile?: number) =>
      all.flatMap((one) =>
        one.kind === 'sample' &&
        one.metric === `inference.endpoint.${metric}` &&
        one.parameters['percentile'] === percentile
          ? [one.value]
          : [],
      )[0],
    check: (name: string) =>
      all.flatMap((one) =>
        one.kind === 'check' && one.name === `inference.endpoint.${name}` ? [one.ok] : [],
      )[0],
  };
}
