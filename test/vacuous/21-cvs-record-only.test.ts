/** Row 21: 47 of ROCm/cvs' configurations only record, and placeholders for limits are 0. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../rejects.ts';
import { accepted, composed } from './small-fleet.ts';

function cvs(value: number, config: { enforce: boolean; floor: number }): 'pass' | 'fail' {
  return config.enforce && value < config.floor ? 'fail' : 'pass';
}

const one = (limit: string, more: string) => `
  - { id: product, metric: matmul.gemm.throughput, where: { dtype: bf16, shape: 8192, mode: sustained },
      per: accelerator, at-least: ${limit}, source: contract${more} }`;

test('row 21, ROCm/cvs: recorded only, or against a placeholder, everything passes there', () => {
  assert.is(cvs(1, { enforce: false, floor: 680 }), 'pass');
  assert.is(cvs(1, { enforce: true, floor: 0 }), 'pass');
});

test('row 21, ROCm/cvs: a plan whose limits are shown only accepts nothing here', async () => {
  const ours = await accepted({ criteria: one('680 TFLOP/s', ', mandatory: false') });
  assert.is(ours.exit, 3);
  assert.match(ours.verdict.lot.reasons.join('; '), /no mandatory criterion/u);
});

test('row 21, ROCm/cvs: a limit that says of itself that it is a floor of sanity can’t accept alone', async () => {
  const ours = await accepted({ criteria: one('680 TFLOP/s', ', standing: sanity') });
  assert.is(ours.exit, 3);
});

test('row 21, ROCm/cvs: a placeholder of 0 is an error of the plan here', async () => {
  const error = await rejects(composed({ criteria: one('0 TFLOP/s', '') }), 'CRITERION_INVALID');
  assert.is(error.exitCode, 2);
  assert.match(error.message, /every part would pass a bound of 0/u);
});

test.run();
