/** Row 9: CHS expects eight GPUs on every node; A4X (GB200) has four, so a healthy node looks bad. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { accepted } from './small-fleet.ts';

function chs(gpus: number): 'healthy' | 'bad' {
  return gpus === 8 ? 'healthy' : 'bad';
}

const criteria = `
  - { id: product, metric: matmul.gemm.throughput, where: { dtype: bf16, shape: 8192, mode: sustained },
      per: accelerator, at-least: 1600 TFLOP/s, nominal: 1750 TFLOP/s, source: contract }`;
const tray = { sku: 'gb200', criteria };

test('row 9, CHS: a healthy GB200 tray is bad there, and a half-empty B200 node could be called one', () => {
  assert.is(chs(4), 'bad');
});

test('row 9, CHS: four GPUs are what a GB200 tray has, and are accepted here', async () => {
  const ours = await accepted(tray);
  assert.is(ours.exit, 0);
});

test('row 9, CHS: three are not', async () => {
  const ours = await accepted(tray, {
    faults: [{ kind: 'missing-accelerator', nodes: ['n0002'] }],
  });
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0002'), /delivery\.matches: 3 accelerators found where 4 were bought/u);
});

test.run();
