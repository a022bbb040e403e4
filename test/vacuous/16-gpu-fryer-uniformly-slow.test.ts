/** Row 16: gpu-fryer holds GPUs against each other, and compares a throttle bitmask by equality. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeThrottle } from '../../suites/companion/throttle.ts';
import { accepted } from './small-fleet.ts';

function fryer(speeds: readonly number[]): 'healthy' | 'outlier' {
  const best = Math.max(...speeds);
  return speeds.some((speed) => speed < 0.95 * best) ? 'outlier' : 'healthy';
}

const THERMAL = 0x40;
const throttled = (mask: number) => mask === THERMAL;

test('row 16, gpu-fryer: eight GPUs at half speed are healthy there, and two throttle reasons none', () => {
  assert.is(fryer(Array.from({ length: 8 }, () => 0.5)), 'healthy');
  assert.not(throttled(THERMAL | 0x8));
});

test('row 16, gpu-fryer: a node on which all are equally slow fails here', async () => {
  const ours = await accepted({}, { faults: [{ kind: 'slow', nodes: ['n0002'], by: 0.2 }] });
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0002'), /^fail: product/u);
});

test('row 16, gpu-fryer: a lot on which all are equally slow is rejected here', async () => {
  const ours = await accepted({
    values: '[{ metric: matmul.gemm.throughput, value: 640 TFLOP/s }]',
  });
  assert.is(ours.exit, 1);
  assert.is(ours.verdict.lot.rejected, 2);
});

test('row 16, gpu-fryer: a reason is seen among others', () => {
  assert.ok(decodeThrottle(THERMAL | 0x8 | 0x4).thermal);
  assert.ok(decodeThrottle(THERMAL | 0x8).hardware);
});

test.run();
