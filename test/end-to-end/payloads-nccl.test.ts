/** The real payload with real torch over gloo: every collective, and every way in which a rank can be missing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Argument, Node } from '../../runners/model.ts';
import type { Case, Reading, StepExit } from '../../suites/model.ts';
import { COLLECTIVES } from '../../suites/nccl/collectives.ts';
import { schema } from '../../suites/nccl/options.ts';
import { nccl } from '../../suites/nccl/suite.ts';
import { text218 } from '../suites/nccl/logs/synthetic.ts';
import { caseOf, node, session } from '../suites/nccl/nodes.ts';

const PYTHON = process.env['ASSAY_TEST_PYTHON'] ?? '/usr/bin/python3';
const SHIM = fileURLToPath(new URL('../suites/nccl/shim', import.meta.url));
const one = [node(1, 'cpu', 1)];
const two = [node(1, 'cpu', 1), node(2, 'cpu', 1)];
const suite = nccl(schema.parse({ collectives: COLLECTIVES, sizes: ['64 KiB', '1 MiB'] }));
/** Long enough under way for a test to interfere. */
const long = nccl(
  schema.parse({ collectives: ['all_reduce'], sizes: ['4 MiB'], iterations: 10_000 }),
);

interface Launch {
  readonly limits?: { readonly init: number; readonly operation: number };
  readonly absent?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Called once, when this node has printed a line with these words. */
  readonly when?: { readonly node: string; readonly words: string; act(pids: Pids): void };
}

interface Pids {
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
async function run(of: Case, nodes: readonly Node[], launch: Launch = {}, by = suite) {
  const [step] = by.steps(of, nodes);
  assert.ok(step);
  const port = String(await freePort());
  const place = (argument: Argument) => {
    if (typeof argument === 'string') return argument;
    if ('payload' in argument) return argument.payload;
    if ('port' in argument) return port;
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
    const child = spawn(PYTHON, argv, {
      env: {
        PATH: process.env['PATH'],
        ASSAY_RANK: String(rank),
        ASSAY_NODES: String(nodes.length),
        PYTHONDONTWRITEBYTECODE: '1',
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

const samples = (readings: readonly Reading[]) =>
  readings.flatMap((reading) => (reading.kind === 'sample' ? [reading] : []));
const checks = (readings: readonly Reading[]) =>
  readings.flatMap((reading) => (reading.kind === 'check' ? [reading] : []));

for (const [words, nodes, scope] of [
  ['in a node', one, 'node'],
  ['between two nodes', two, 'pair'],
] as const) {
  for (const collective of COLLECTIVES) {
    test(`${collective} ${words} is timed and every element is right`, async () => {
      const of = caseOf(suite, nodes, `nccl.${collective}.${scope}`);
      const { readings, outcome } = await run(of, nodes);
      assert.equal(outcome, { status: 'measured' });
      const composed = collective === 'reduce_scatter';
      assert.is(samples(readings).length, composed ? 2 : 6);
      assert.ok(samples(readings).every((sample) => sample.value > 0));
      const time = samples(readings).find((sample) => sample.metric.endsWith('.time'));
      assert.is(time?.iterations?.n, 20);
      assert.equal(
        checks(readings).map((check) => check.ok),
        [true, true],
      );
      const facts = readings.flatMap((each) => (each.kind === 'fact' ? [each.name] : []));
      assert.ok(facts.includes('torch.version') && facts.includes('nccl.environment'));
    });
  }
}

for (const collective of COLLECTIVES) {
  test(`a wrong element of ${collective} is found`, async () => {
    const of = caseOf(suite, one, `nccl.${collective}.node`);
    const environment = { PYTHONPATH: SHIM, ASSAY_TEST_FAULT: 'wrong' };
    const { readings } = await run(of, one, { environment });
    const wrong = checks(readings).filter((check) => !check.ok);
    assert.is(wrong.length, 2);
    assert.match(wrong[0]?.detail ?? '', /rank 1: \d+ of \d+ elements wrong, the first at \d+/u);
  });
}

test('a contribution that is missing from a sum is found', async () => {
  const of = caseOf(suite, two, 'nccl.all_reduce.pair');
  const environment = { PYTHONPATH: SHIM, ASSAY_TEST_FAULT: 'absent' };
  const { readings } = await run(of, two, { environment });
  assert.equal(
    checks(readings).map((check) => check.ok),
    [false, false],
  );
});

test('a node that never arrives is named', async () => {
  const of = caseOf(suite, two, 'nccl.all_reduce.pair');
  const limits = { init: 4, operation: 4 };
  const { outcome } = await run(of, two, { absent: 'n0002', limits });
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.code, 'RANK_MISSING');
  assert.equal(outcome.suspects, ['n0002']);
});

test('a first node that never arrives is named too', async () => {
  const of = caseOf(suite, two, 'nccl.all_reduce.pair');
  const limits = { init: 4, operation: 4 };
  const { outcome } = await run(of, two, { absent: 'n0001', limits });
  assert.ok(outcome.status === 'failed');
  assert.equal(outcome.suspects, ['n0001']);
});

const pair = caseOf(long, two, 'nccl.all_reduce.pair');
const interfere = (act: (pids: Pids) => void) =>
  ({
    limits: { init: 20, operation: 5 },
    when: { node: 'n0002', words: 'timed', act },
  }) as const;

test('a killed rank is named with what it was doing', async () => {
  const kill = interfere((pids) => process.kill(pids.ranks[1] ?? 0, 'SIGKILL'));
  const { outcome, exits } = await run(pair, two, kill, long);
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.owner, 'node');
  assert.is(outcome.code, 'RANK_MISSING');
  assert.equal(outcome.suspects, ['n0002']);
  assert.match(outcome.message, /rank 3 .*was killed by signal 9 in: all_reduce 4194304 B /u);
  assert.ok(exits.every((exit) => exit.ended === 'exited'));
});

test('a stopped rank is named within one time-out, and its peers end', async () => {
  let stopped = 0;
  const stop = interfere((pids) => {
    stopped = performance.now();
    process.kill(pids.ranks[0] ?? 0, 'SIGSTOP');
  });
  const { outcome } = await run(pair, two, stop, long);
  assert.ok(performance.now() - stopped < 6000);
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.code, 'RANK_MISSING');
  assert.equal(outcome.suspects, ['n0002']);
  assert.match(outcome.message, 'rank 2 (local rank 0) is stopped in: all_reduce');
});

test('a node that is stopped as a whole is named by its silence', async () => {
  const stop = interfere((pids) => {
    for (const pid of [...pids.ranks, pids.parent]) process.kill(pid, 'SIGSTOP');
    // The runner's own limit, in short.
    setTimeout(() => {
      for (const pid of [...pids.ranks, pids.parent]) process.kill(pid, 'SIGKILL');
    }, 7000);
  });
  const { outcome } = await run(pair, two, stop, long);
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.owner, 'node');
  assert.is(outcome.code, 'RANK_MISSING');
  assert.equal(outcome.suspects, ['n0002']);
});

test('a taken port is our fault, not the node’s', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  const child = spawn(
    PYTHON,
    [
      ...['collective.py', 'rank.py', 'operations.py', 'hang.py'].map((name) =>
        fileURLToPath(new URL(`../../suites/nccl/payload/${name}`, import.meta.url)),
      ),
      ...'--collective all_reduce --sizes 65536 --ranks-per-node 2 --init-limit 5'.split(' '),
      '--address',
      '127.0.0.1',
      '--port',
      String(port),
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  server.close();
  assert.match(output, '"owner": "harness", "code": "PORT_IN_USE"');
});

test('nccl-tests under the real mpirun: output of a stand-in program is read by the parser', async () => {
  // No machine here can build nccl-tests (CUDA): a stand-in prints a made-up log on MPI rank 0.
  const folder = mkdtempSync(join(tmpdir(), 'assay-nccl-tests-'));
  try {
    const shape = { collective: 'all_reduce', ranks: 2, redop: 'sum' } as const;
    writeFileSync(join(folder, 'log'), text218({ ...shape, from: 2 ** 20, to: 2 ** 21 }));
    const program = join(folder, 'all_reduce_perf');
    const script = `#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" != 0 ] || cat "${folder}/log"\n`;
    writeFileSync(program, script, { mode: 0o755 });
    const native = nccl(
      schema.parse({
        collectives: ['all_reduce'],
        sizes: ['1 MiB', '2 MiB'],
        driver: 'nccl-tests',
        binaries: folder,
      }),
    );
    const of = caseOf(native, one, 'nccl.all_reduce.node');
    const { readings, outcome } = await run(of, one, {}, native);
    assert.equal(outcome, { status: 'measured' });
    assert.is(samples(readings).length, 6);
    assert.ok(checks(readings).every((check) => check.ok));
    writeFileSync(
      join(folder, 'log'),
      text218({ ...shape, to: 2 ** 21 }).replace(/# Out of[^]*/u, ''),
    );
    const cut = await run(of, one, {}, native);
    assert.ok(cut.outcome.status === 'failed');
    assert.is(cut.outcome.code, 'OUTPUT_INCOMPLETE');
    assert.match(cut.outcome.message, 'footer');
    rmSync(program);
    const missing = await run(of, one, {}, native);
    assert.ok(missing.outcome.status === 'failed');
    assert.is(missing.outcome.code, 'TOOL_MISSING');
    assert.is(missing.outcome.owner, 'harness');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
