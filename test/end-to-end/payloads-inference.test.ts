import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Node } from '../../runners/model.ts';
import { schema } from '../../suites/inference/options.ts';
import { inference } from '../../suites/inference/suite.ts';
import { readSession } from '../suites/read-session.ts';
import { runStep, thisMachine } from './run-payload.ts';

const node = thisMachine();

async function trial(options: object = {}, fault = '', on: Node = node) {
  const suite = inference(schema.parse(options));
  const [of] = suite.cases([on]);
  const [step] = of === undefined ? [] : suite.steps(of, [on]);
  if (of === undefined || step === undefined) throw new Error('no case or no step');
  const ran = await runStep(step, fault);
  return { ...ran, ...readSession(suite, of, [{ node: on, ...ran }]) };
}

type Readings = Awaited<ReturnType<typeof trial>>['readings'];
const samples = (readings: Readings) =>
  readings.flatMap((one) => (one.kind === 'sample' ? [one] : []));
const digest = (readings: Readings) =>
  readings.flatMap((one) => (one.kind === 'digest' ? [one.value] : []));
const logits = (readings: Readings) =>
  readings.flatMap((one) => (one.kind === 'check' ? [one.ok] : []));

test('a small transformer is measured, right, repeatable and done', async () => {
  const first = await trial();
  assert.equal(first.outcome, { status: 'measured' });
  assert.equal(
    samples(first.readings).map((one) => one.metric),
    ['inference.first-token.time', 'inference.prefill.throughput', 'inference.decode.throughput'],
  );
  for (const one of samples(first.readings)) assert.ok(one.value > 0);
  assert.equal(logits(first.readings), [true]);
  assert.ok(first.seconds < 60, `${first.seconds} s`);
  const again = await trial();
  assert.is(digest(first.readings).length, 1);
  assert.equal(digest(again.readings), digest(first.readings));
  const other = await trial({ seed: 2 });
  assert.is.not(digest(other.readings)[0], digest(first.readings)[0]);
});

test('other shapes and bf16 hold against the full pass too', async () => {
  const model = {
    name: 'odd',
    layers: 3,
    width: 96,
    heads: 6,
    'kv-heads': 2,
    ffn: 160,
    vocab: 500,
  };
  for (const dtype of ['fp32', 'bf16']) {
    const { readings, outcome } = await trial({ model, dtype, context: 24, generate: 9, batch: 5 });
    assert.equal(outcome, { status: 'measured' });
    assert.equal(logits(readings), [true], dtype);
  }
});

test('a cache that loses its newest entry, or turns it wrongly, is found', async () => {
  const faults = [
    'torch.Tensor.index_copy_ = lambda self, *given: self',
    'real = torch.Tensor.index_copy_\ntorch.Tensor.index_copy_ = lambda self, dim, at, what: real(self, dim, at, what.roll(1, -1))',
  ];
  for (const fault of faults) {
    const { readings } = await trial({}, fault);
    assert.equal(logits(readings), [false], fault);
  }
});

test('a replica split over two devices gives the same quality, its rate shared between them', async () => {
  const [cpu] = node.accelerators;
  if (cpu === undefined) throw new Error('no device');
  const two = {
    ...node,
    accelerators: [0, 1].map((index) => ({ ...cpu, id: `half${index}`, index, cores: 1 })),
  };
  const { readings, outcome } = await trial({ tp: 2 }, '', two);
  assert.equal(outcome, { status: 'measured' });
  assert.equal(logits(readings), [true, true]);
  const [first, second] = digest(readings);
  assert.is(first, second);
  assert.is(samples(readings).length, 6);
});

test('an error of the device in the middle of it is the node’s fault', async () => {
  const fault =
    'def broken(*a, **k): raise RuntimeError("CUDA error: device-side assert triggered")\n' +
    'torch.nn.functional.silu = broken';
  const { outcome } = await trial({}, fault);
  assert.equal(outcome.status === 'failed' && [outcome.owner, outcome.code], [
    'node',
    'CUDA_ERROR',
  ]);
});

test.run();
