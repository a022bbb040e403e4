import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../plan/errors.ts';
import { inference } from '../../suites/inference/suite.ts';
import { schema as inferenceSchema } from '../../suites/inference/options.ts';
import { matmul } from '../../suites/matmul/suite.ts';
import { schema as matmulSchema } from '../../suites/matmul/options.ts';
import { nccl } from '../../suites/nccl/suite.ts';
import { schema as ncclSchema } from '../../suites/nccl/options.ts';
import { libraryFor } from '../../suites/payloads.ts';
import { nodeWith } from './read-session.ts';

const chips = nodeWith('n0002', 'tpu', 4, 'TPU v6e');
const gpus = nodeWith('n0001', 'gpu', 4);
const cpu = nodeWith('n0003', 'cpu');
const of = {
  matmul: matmul(matmulSchema.parse({})),
  nccl: nccl(ncclSchema.parse({})),
  inference: inference(inferenceSchema.parse({})),
};
const refused = (act: () => unknown, ...words: string[]) =>
  assert.throws(
    act,
    (error: unknown) =>
      error instanceof HarnessError &&
      error.code === 'PLAN_INVALID' &&
      words.every((word) => error.message.includes(word)),
  );

for (const suite of Object.values(of)) {
  test(`${suite.id} judges no fleet of TPUs and GPUs`, () => {
    refused(() => suite.cases([gpus, chips]), suite.id, 'n0001', 'n0002');
    assert.ok(suite.cases([gpus, { ...gpus, id: 'n0003' }]).length > 0);
  });
}

test('the library follows the devices; one that would load the host instead is refused', () => {
  assert.is(libraryFor('matmul', 'auto', [chips]), 'jax');
  assert.is(libraryFor('matmul', 'auto', [gpus]), 'torch');
  assert.is(libraryFor('matmul', 'auto', [cpu]), 'torch');
  assert.is(libraryFor('matmul', 'jax', [cpu]), 'jax');
  refused(() => libraryFor('matmul', 'torch', [chips]), 'n0002', 'torch');
  refused(() => libraryFor('matmul', 'jax', [gpus]), 'n0001', 'JAX');
});

test('matmul on TPUs: the dtypes of the part, no host copies, JAX in every case', () => {
  const cases = of.matmul.cases([chips]);
  assert.equal(
    cases.map((one) => one.id),
    [
      'matmul.gemm.bf16.8192.all.jax',
      'matmul.gemm.fp8.8192.all.jax',
      'matmul.gemm.int8.8192.all.jax',
      'matmul.memory.2147483648.all.jax',
    ],
  );
  assert.ok(cases.every((one) => one.parameters['library'] === 'jax'));
  assert.ok(
    cases.every((one) => one.gives.every((give) => give.parameters?.['library'] === 'jax')),
  );
});

test('a chip of two cores is one device of the lot', () => {
  const node = nodeWith('n0001', 'tpu', 4, 'TPU7x');
  const two = { ...node, accelerators: node.accelerators.map((one) => ({ ...one, cores: 2 })) };
  const [first] = of.matmul.cases([two]);
  assert.ok(first);
  const [step] = of.matmul.steps(first, [two]);
  const argv = step?.argv.map((one) => (typeof one === 'string' ? one : '')).join(' ') ?? '';
  assert.match(argv, /--kind tpu --devices 4 .*--cores 2$/u);
});

test.run();
