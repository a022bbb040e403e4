/** Row 4: NVCRE ships no thresholds: "PASSED" says that the program ran (nccl-all-reduce.yaml). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { accepted } from './small-fleet.ts';

function nvcre(run: { exit: number; busbw: number }): 'PASSED' | 'FAILED' {
  return run.exit === 0 ? 'PASSED' : 'FAILED';
}

test('row 4, NVCRE: a tenth of the bandwidth is PASSED there', () => {
  assert.is(nvcre({ exit: 0, busbw: 47e9 }), 'PASSED');
});

test('row 4, NVCRE: a plan without limits measures and accepts nothing here', async () => {
  const ours = await accepted({ criteria: '[]' });
  assert.is(ours.exit, 3);
  assert.match(
    ours.verdict.lot.reasons.join('; '),
    /no mandatory criterion: nothing was promised/u,
  );
});

test('row 4, NVCRE: a limit that is shown only accepts nothing either', async () => {
  const criteria = `
  - { id: product, metric: matmul.gemm.throughput, where: { dtype: bf16, shape: 8192, mode: sustained },
      per: accelerator, at-least: 680 TFLOP/s, mandatory: false, source: contract }`;
  const ours = await accepted({ criteria });
  assert.is(ours.exit, 3);
});

test.run();
