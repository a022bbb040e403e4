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
  for (const id of ['all_reduce.node.fp32.xla.y', 'alltoall.node', 'reduce_scatter.node']) {
    const of = caseOf(ranks, nodes, `nccl.${id}`);
    const { readings, outcome } = await runRanks(ranks, of, nodes, { python: JAX_PYTHON });
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
  const good = await runRanks(ranks, pair, two, { python: JAX_PYTHON });
  assert.equal(good.outcome, { status: 'measured' });
  assert.equal(
    good.readings.flatMap((one) => (one.kind === 'check' ? [one.ok] : [])),
    [true],
  );
  const suspects = ({ outcome }: typeof good) =>
    outcome.status === 'failed' ? [outcome.code, outcome.suspects] : [];
  const limits = { init: 3, operation: 4 };
  const missing = { absent: 'n0002', python: JAX_PYTHON, limits };
  assert.equal(suspects(await runRanks(ranks, pair, two, missing)), ['RANK_MISSING', ['n0002']]);
  const when = {
    node: 'n0002',
    words: '"rank": 3, "operation": "all_gather 65536 B compile"',
    act: ({ ranks: [pid] }: { readonly ranks: readonly number[] }) =>
      process.kill(pid ?? 0, 'SIGKILL'),
  };
  const killed = await runRanks(ranks, pair, two, { python: JAX_PYTHON, when });
  assert.equal(suspects(killed), ['RANK_MISSING', ['n0002']]);
});

test('the transformer runs through JAX: its cache agrees with a full pass, its tokens are the same everywhere', async () => {
  const model = {
    name: 'tiny',
    layers: 1,
    width: 64,
    heads: 2,
    'kv-heads': 1,
    ffn: 128,
    vocab: 128,
  };
  const sizes = { context: 8, generate: 4, batch: 2, 'prefill-batch': 1 };
  const suite = inference(inferenceSchema.parse({ library: 'jax', model, ...sizes }));
  const two = thisMachine(2);
  const of = theCase(suite, [two], 'inference.offline.tiny.fp32.tp1.8x2.jax');
  const [step] = suite.steps(of, [two]);
  if (step === undefined) throw new Error('no step');
  const ran = await runStep(step, '', JAX_PYTHON);
  const { readings, outcome } = readSession(suite, of, [{ node: two, ...ran }]);
  assert.equal(outcome, { status: 'measured' });
  assert.is(readings.filter((one) => one.kind === 'sample').length, 6);
  assert.equal(
    readings.flatMap((one) => (one.kind === 'check' ? [one.ok] : [])),
    [true, true],
  );
  const digests = readings.flatMap((one) => (one.kind === 'digest' ? [one.value] : []));
  assert.equal([digests.length, new Set(digests).size], [2, 1]);
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
