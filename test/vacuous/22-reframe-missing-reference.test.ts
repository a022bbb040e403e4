/** Row 22: ReFrame does not check a figure that has no reference for the system, unless told to. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../rejects.ts';
import { accepted, composed, PRODUCT } from './small-fleet.ts';

function reframe(
  system: string,
  value: number,
  references: Readonly<Record<string, number>>,
): boolean {
  const reference = references[system];
  return reference === undefined || value >= reference;
}

test('row 22, ReFrame: a system that has no reference passes there', () => {
  assert.ok(reframe('new-cluster', 1, { 'old-cluster': 700 }));
});

test('row 22, ReFrame: a criterion without a limit is an error of the plan here', async () => {
  const criteria = `
  - { id: product, metric: matmul.gemm.throughput, per: accelerator, source: contract }`;
  const error = await rejects(composed({ criteria }), 'CRITERION_INVALID');
  assert.is(error.exitCode, 2);
});

test('row 22, ReFrame: a criterion that fits nothing measured keeps the lot from accept', async () => {
  const other = `${PRODUCT}
  - { id: elsewhere, metric: matmul.gemm.throughput, where: { dtype: fp8, shape: 8192, mode: sustained },
      per: accelerator, at-least: 1200 TFLOP/s, source: contract }`;
  const ours = await accepted({ criteria: other });
  assert.is(ours.exit, 3);
  const row = ours.verdict.criteria.find((one) => one.id === 'elsewhere');
  assert.is(row?.verdict, 'not-tested');
});

test.run();
