/** The JAX payloads on eight forced CPU devices: reference devices, no TPU. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../suites/matmul/options.ts';
import { matmul } from '../../suites/matmul/suite.ts';
import { readSession, theCase } from '../suites/read-session.ts';
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
