import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../plan/errors.ts';
import { inference } from '../../suites/inference/suite.ts';
import { schema as inferenceSchema } from '../../suites/inference/options.ts';
import { matmul } from '../../suites/matmul/suite.ts';
import { schema as matmulSchema } from '../../suites/matmul/options.ts';
import { nccl } from '../../suites/nccl/suite.ts';
import { schema as ncclSchema } from '../../suites/nccl/options.ts';
import { onEveryDevice } from '../../suites/payloads.ts';
import { nodeWith } from './read-session.ts';

const chips = nodeWith('n0002', 'tpu', 4, 'TPU v6e');
const gpus = nodeWith('n0001', 'gpu', 4);
const of = {
  matmul: matmul(matmulSchema.parse({})),
  nccl: nccl(ncclSchema.parse({})),
  inference: inference(inferenceSchema.parse({})),
};

for (const suite of Object.values(of)) {
  test(`${suite.id} gives no figure of a TPU host that its CPU would have made`, () => {
    for (const nodes of [[chips], [gpus, chips]]) {
      assert.throws(
        () => suite.cases(nodes),
        (error: unknown) =>
          error instanceof HarnessError &&
          error.code === 'PLAN_INVALID' &&
          error.message.includes(suite.id) &&
          error.message.includes('n0002'),
      );
    }
    assert.ok(suite.cases([gpus, { ...gpus, id: 'n0003' }]).length > 0);
  });
}

test('torch is not started for a TPU', () => {
  assert.throws(
    () => onEveryDevice(new URL('file:///gemm.py'), chips, 'all', []),
    (error: unknown) => error instanceof HarnessError,
  );
});

test.run();
