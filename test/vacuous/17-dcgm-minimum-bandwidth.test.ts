/** Row 17: DCGM's minimum_bandwidth for H200 is 2,333 MB/s, a thousandth of its siblings' (diag-skus.yaml.in). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lintOf } from './small-fleet.ts';

function dcgm(megabytes: number): boolean {
  return megabytes >= 2333;
}

test('row 17, DCGM: an H200 whose memory runs at 0.1 % passes there', () => {
  assert.ok(dcgm(4_800_000 * 0.001));
});

test('row 17, DCGM: lint calls it a slip, beside the datasheet’s 4.8 TB/s', async () => {
  const remarks = (await lintOf('bad-limits-dcgm')).filter((one) => one.level === 'error');
  assert.match(remarks[0]?.message ?? '', /passes nearly every bad part/u);
  assert.match(remarks[0]?.message ?? '', /0\.04\d* % of the roofline/u);
});

test.run();
