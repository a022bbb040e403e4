/** The JAX payloads on eight forced CPU devices: reference devices, no TPU. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema as inferenceSchema } from '../../suites/inference/options.ts';
import { inference } from '../../suites/inference/suite.ts';
import { schema } from '../../suites/matmul/options.ts';
import { schema as ncclSchema } from '../../suites/nccl/options.ts';
import { nccl } from '../../suites/nccl/suite.ts';
import { matmul } from '../../suites/matmul/suite.ts';
import { readSession, theCase } from '../suites/read-session.ts';
import { caseOf, node } from '../suites/nccl/nodes.ts';
import { runRanks } from './run-ranks.ts';
import { JAX_PYTHON, runStep, thisMachine } from './run-payload.ts';

const eight = thisMachine(8);

async function product(options: object, id: string, python = JAX_PYTHON) {
  const suite = matmul(schema.parse({ library: 'jax', ...options }));
  const of = theCase(suite, [eight], id);
  const [step] = suite.steps(of, [eight]);
  if (step === undefined) throw new Error('no step');
  const ran = await runStep(step, '', python);
  return { ...ran, ...readSession(suite, of, [{ node: eight, ...ran }]) };
}

test('products on eight devices are measured, right and alike', async () => {
  const options = { dtypes: ['bf16'], shapes: [64] };
  const { readings, outcome } = await product(options, 'matmul.gemm.bf16.64.all.jax');
  assert.equal(outcome, { status: 'measured' });
  const samples = readings.flatMap((one) => (one.kind === 'sample' ? [one] : []));
  assert.is(samples.length, 16, 'sustained and boost of eight');
  for (const one of samples) assert.ok(one.value > 1e6 && one.value < 1e13, String(one.value));
  const checks = readings.flatMap((one) => (one.kind === 'check' ? [one] : []));
  assert.is(checks.length, 16);
  assert.ok(checks.every((one) => one.ok));
  const digests = readings.flatMap((one) => (one.kind === 'digest' ? [one.value] : []));
  assert.equal([digests.length, new Set(digests).size], [8, 1]);
});

const collectives = ['all_reduce', 'all_gather', 'reduce_scatter', 'alltoall', 'sendrecv'];
const ranks = nccl(
  ncclSchema.parse({ library: 'xla', collectives, sizes: ['64 KiB'], iterations: 3, mesh: [2, 4] }),
);

test('collectives over eight devices, whole and along an axis, are timed and every element is right', async () => {
  const nodes = [node(1, 'cpu', 8)];
  const ids = ['all_reduce.node.fp32.xla.y', 'alltoall.node', 'reduce_scatter.node'];
  // Side by side: a process is starting JAX on one core most of its time.
  const ran = await Promise.all(
    ids.map((id) =>
      runRanks(ranks, caseOf(ranks, nodes, `nccl.${id}`), nodes, { python: JAX_PYTHON }),
    ),
  );
  for (const [at, { readings, outcome }] of ran.entries()) {
    const id = ids[at];
    assert.equal(outcome, { status: 'measured' }, id);
    const checks = readings.flatMap((one) => (one.kind === 'check' ? [one.ok] : []));
    assert.equal(checks, [true]);
    const samples = readings.flatMap((one) => (one.kind === 'sample' ? [one.metric] : []));
    assert.is(samples.length, 3, 'time, algbw, busbw: nothing is composed');
  }
});

test('over two processes the same; a node that never arrives or dies is named', async () => {
  const two = [node(1, 'cpu', 1), node(2, 'cpu', 1)];
  const pair = caseOf(ranks, two, 'nccl.all_gather.pair');
  const limits = { init: 3, operation: 4 };
  const missing = { absent: 'n0002', python: JAX_PYTHON, limits };
  const when = {
    node: 'n0002',
    words: '"rank": 3, "operation": "all_gather 65536 B compile"',
    act: ({ ranks: [pid] }: { readonly ranks: readonly number[] }) =>
      process.kill(pid ?? 0, 'SIGKILL'),
  };
  const [good, alone, killed] = await Promise.all([
    runRanks(ranks, pair, two, { python: JAX_PYTHON }),
    runRanks(ranks, pair, two, missing),
    runRanks(ranks, pair, two, { python: JAX_PYTHON, when }),
  ]);
  assert.equal(good.outcome, { status: 'measured' });
  assert.equal(
    good.readings.flatMap((one) => (one.kind === 'check' ? [one.ok] : [])),
    [true],
  );
  const suspects = ({ outcome }: typeof good) =>
    outcome.status === 'failed' ? [outcome.code, outcome.suspects] : [];
  assert.equal(suspects(alone), ['RANK_MISSING', ['n0002']]);
  assert.equal(suspects(killed), ['RANK_MISSING', ['n0002']]);
});

test('the transformer runs through JAX: its cache agrees with a full pass, its tokens are the same on one device and split over two', async () => {
  const model = {
    name: 'tiny',
    layers: 1,
    width: 64,
    heads: 4,
    'kv-heads': 2,
    ffn: 128,
    vocab: 128,
  };
  const sizes = { context: 8, generate: 4, batch: 2, 'prefill-batch': 1 };
  const on = async (devices: number) => {
    const options = { library: 'jax', model, tp: devices, ...sizes };
    const suite = inference(inferenceSchema.parse(options));
    const machine = thisMachine(devices);
    const of = theCase(suite, [machine], `inference.offline.tiny.fp32.tp${devices}.8x2.jax`);
    const [step] = suite.steps(of, [machine]);
    if (step === undefined) throw new Error('no step');
    const ran = await runStep(step, '', JAX_PYTHON);
    const { readings, outcome } = readSession(suite, of, [{ node: machine, ...ran }]);
    assert.equal(outcome, { status: 'measured' }, `tp ${devices}`);
    assert.is(readings.filter((one) => one.kind === 'sample').length, 3 * devices);
    const checks = readings.flatMap((one) => (one.kind === 'check' ? [one.ok] : []));
    assert.ok(checks.length === devices && checks.every(Boolean));
    return readings.flatMap((one) => (one.kind === 'digest' ? [one.value] : []));
  };
  const digests = (await Promise.all([on(1), on(2)])).flat();
  assert.equal([digests.length, new Set(digests).size], [3, 1]);
});

test('without JAX nothing is measured, and it is nobody’s fault but ours', async () => {
  const { outcome } = await product(
    { 'memory-bytes': '1 MiB' },
    'matmul.memory.1048576.all.jax',
    '/usr/bin/python3',
  );
  assert.ok(outcome.status === 'failed');
  assert.equal([outcome.owner, outcome.code], ['harness', 'NO_JAX']);
});

test.run();
