/** Row 8: CHS passes when half of the iterations crashed, exits 0 on a time-out, and has one limit for all SKUs. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ofNode, output } from '../../bin/selftest/edits.ts';
import { floorsOf } from '../../plan/catalogue/floors.ts';
import { accepted } from './small-fleet.ts';

function chs(iterations: readonly ('ok' | 'crashed')[], timedOut: boolean): number {
  if (timedOut) return 0;
  const ok = iterations.filter((one) => one === 'ok').length;
  return ok >= iterations.length / 2 ? 0 : 1;
}

test('row 8, CHS: every other iteration crashed, or none ended: exit 0 there', () => {
  assert.is(chs(['ok', 'crashed', 'ok', 'crashed'], false), 0);
  assert.is(chs([], true), 0);
});

test('row 8, CHS: one crashed trial among good ones fails its node here', async () => {
  const crashed = output(
    (place) => ofNode('n0002')(place) && place.trial === 1,
    (lines) => lines.slice(0, 3),
  );
  const ours = await accepted({}, { bytes: crashed });
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0002'), /^fail: completeness: OUTPUT_INCOMPLETE/u);
});

test('row 8, CHS: a time-out fails its node here', async () => {
  const ours = await accepted({}, { faults: [{ kind: 'hang', nodes: ['n0002'] }] });
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0002'), /^fail: completeness: HANG/u);
});

test('row 8, CHS: floors are a SKU’s own here', () => {
  const busbw = (sku: string) =>
    floorsOf(sku, 'own', 8).find((one) => one.metric === 'nccl.all_reduce.busbw')?.limit?.value;
  assert.is.not(busbw('h100-sxm'), undefined);
  assert.is.not(busbw('h100-sxm'), busbw('a100-sxm-80'));
});

test.run();
