/** The real payload with real torch over gloo: every collective, and every way in which a rank can be missing. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Reading } from '../../suites/model.ts';
import { COLLECTIVES } from '../../suites/nccl/collectives.ts';
import { schema } from '../../suites/nccl/options.ts';
import { nccl } from '../../suites/nccl/suite.ts';
import { text218 } from '../suites/nccl/logs/synthetic.ts';
import { caseOf, node } from '../suites/nccl/nodes.ts';
import { RANKS_PYTHON, runRanks, type Pids } from './run-ranks.ts';

const SHIM = fileURLToPath(new URL('../suites/nccl/shim', import.meta.url));
const one = [node(1, 'cpu', 1)];
const two = [node(1, 'cpu', 1), node(2, 'cpu', 1)];
const suite = nccl(schema.parse({ collectives: COLLECTIVES, sizes: ['64 KiB', '1 MiB'] }));
/** Long enough under way for a test to interfere. */
const long = nccl(
  schema.parse({ collectives: ['all_reduce'], sizes: ['4 MiB'], iterations: 10_000 }),
);

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
      const { readings, outcome } = await runRanks(suite, of, nodes);
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
    const { readings } = await runRanks(suite, of, one, { environment });
    const wrong = checks(readings).filter((check) => !check.ok);
    assert.is(wrong.length, 2);
    assert.match(wrong[0]?.detail ?? '', /rank 1: \d+ of \d+ elements wrong, the first at \d+/u);
  });
}

test('a contribution that is missing from a sum is found', async () => {
  const of = caseOf(suite, two, 'nccl.all_reduce.pair');
  const environment = { PYTHONPATH: SHIM, ASSAY_TEST_FAULT: 'absent' };
  const { readings } = await runRanks(suite, of, two, { environment });
  assert.equal(
    checks(readings).map((check) => check.ok),
    [false, false],
  );
});

test('a node that never arrives is named', async () => {
  const of = caseOf(suite, two, 'nccl.all_reduce.pair');
  const limits = { init: 4, operation: 4 };
  const { outcome } = await runRanks(suite, of, two, { absent: 'n0002', limits });
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.code, 'RANK_MISSING');
  assert.equal(outcome.suspects, ['n0002']);
});

test('a first node that never arrives is named too', async () => {
  const of = caseOf(suite, two, 'nccl.all_reduce.pair');
  const limits = { init: 4, operation: 4 };
  const { outcome } = await runRanks(suite, of, two, { absent: 'n0001', limits });
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
  const { outcome, exits } = await runRanks(long, pair, two, kill);
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
  const { outcome } = await runRanks(long, pair, two, stop);
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
  const { outcome } = await runRanks(long, pair, two, stop);
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
    RANKS_PYTHON,
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
    const { readings, outcome } = await runRanks(native, of, one);
    assert.equal(outcome, { status: 'measured' });
    assert.is(samples(readings).length, 6);
    assert.ok(checks(readings).every((check) => check.ok));
    writeFileSync(
      join(folder, 'log'),
      text218({ ...shape, to: 2 ** 21 }).replace(/# Out of[^]*/u, ''),
    );
    const cut = await runRanks(native, of, one);
    assert.ok(cut.outcome.status === 'failed');
    assert.is(cut.outcome.code, 'OUTPUT_INCOMPLETE');
    assert.match(cut.outcome.message, 'footer');
    rmSync(program);
    const missing = await runRanks(native, of, one);
    assert.ok(missing.outcome.status === 'failed');
    assert.is(missing.outcome.code, 'TOOL_MISSING');
    assert.is(missing.outcome.owner, 'harness');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
