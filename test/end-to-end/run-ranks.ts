/** Runs a step of the nccl suite as the campaign would: one process a node, lines through the suite's reader. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import * as assert from 'uvu/assert';
import type { Argument, Node, Step } from '../../runners/model.ts';
import type { Case, StepExit, Suite } from '../../suites/model.ts';
import { session } from '../suites/nccl/nodes.ts';

/** The interpreter that has torch. */
export const RANKS_PYTHON = process.env['ASSAY_TEST_PYTHON'] ?? '/usr/bin/python3';

/** What is changed of an ordinary start. */
export interface Launch {
  readonly limits?: { readonly init: number; readonly operation: number };
  readonly absent?: string;
  /** Absent: the one with torch. */
  readonly python?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Called once, when this node has printed a line with these words. */
  readonly when?: { readonly node: string; readonly words: string; act(pids: Pids): void };
}

/** Of one node: the program, and what it has started. */
export interface Pids {
  readonly parent: number;
  readonly ranks: readonly number[];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a case's step as the campaign would: one process a node, lines through the suite's reader. */
export async function runRanks(by: Suite, of: Case, nodes: readonly Node[], launch: Launch = {}) {
  const [step] = by.steps(of, nodes);
  assert.ok(step);
  const names = step.argv.flatMap((one) =>
    typeof one === 'object' && 'port' in one ? [one.port] : [],
  );
  const ports = new Map<string, string>();
  for (const name of names) ports.set(name, String(await freePort()));
  const place = (argument: Argument) => {
    if (typeof argument === 'string') return argument;
    if ('payload' in argument) return argument.payload;
    if ('port' in argument) return ports.get(argument.port) ?? '';
    if ('addressOf' in argument) {
      return nodes.find((each) => each.id === argument.addressOf)?.fabricAddress ?? '';
    }
    throw new Error('an argument that this step has not');
  };
  const argv = step.argv.map(place);
  const set = (flag: string, value: number | undefined) => {
    if (value !== undefined) argv[argv.indexOf(flag) + 1] = String(value);
  };
  set('--init-limit', launch.limits?.init);
  set('--operation-limit', launch.limits?.operation);
  const { reader, readings, end } = session(by, of, nodes);
  const children: ChildProcess[] = [];
  const exits = nodes.map(async (each, rank): Promise<StepExit> => {
    const common = { node: each.id, rank, step: 0, role: 'rank' } as const;
    if (each.id === launch.absent) {
      return { ...common, seconds: 0, ended: 'timed-out' };
    }
    const started = performance.now();
    const child = spawn(launch.python ?? RANKS_PYTHON, argv, {
      env: {
        PATH: process.env['PATH'],
        ASSAY_RANK: String(rank),
        ASSAY_NODES: String(nodes.length),
        PYTHONDONTWRITEBYTECODE: '1',
        ...textOf(step.environment),
        ...launch.environment,
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    let line = 0;
    let acted = false;
    createInterface({ input: child.stdout }).on('line', (text) => {
      line += 1;
      readings.push(...reader.line(text, { step: 0, node: each.id, stream: 'stdout', line }));
      if (acted || launch.when?.node !== each.id || !text.includes(launch.when.words)) return;
      acted = true;
      launch.when.act(pidsOf(child.pid ?? 0));
    });
    return new Promise((resolve) => {
      child.on('close', (code, signal) => {
        const seconds = (performance.now() - started) / 1000;
        resolve(
          code === null
            ? { ...common, seconds, ended: 'signalled', signal: signal ?? '' }
            : { ...common, seconds, ended: 'exited', code },
        );
      });
    });
  });
  try {
    const all = await Promise.all(exits);
    const ended = end(all);
    return { exits: all, readings: [...readings, ...ended.readings], outcome: ended.outcome };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

function pidsOf(parent: number): Pids {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8');
  return { parent, ranks: children.trim().split(' ').map(Number) };
}

function textOf(environment: Step['environment']): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}
