/** Row 13: in AWS's check a WARN of one size is overwritten by the PASS of the next (5-nccl-allreduce.sh). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ofNode, records } from '../../bin/selftest/edits.ts';
import { accepted } from './small-fleet.ts';

function aws(bandwidths: readonly number[], floor: number): 'PASS' | 'WARN' {
  let result: 'PASS' | 'WARN' = 'PASS';
  for (const bandwidth of bandwidths) result = bandwidth < floor ? 'WARN' : 'PASS';
  return result;
}

const suites = 'nccl: { collectives: [all_reduce], sizes: [1 GiB, 16 GiB], scopes: [node] }';
const at = (size: number) => `
  - { id: at-${size}-gib, metric: nccl.all_reduce.busbw, where: { scope: node, bytes: ${size} GiB },
      per: node, at-least: 340 GB/s, nominal: 360 GB/s, source: contract }`;
const criteria = at(1) + at(16);

test('row 13, AWS: the last size passes, so all did', () => {
  assert.is(aws([100, 480], 340), 'PASS');
});

test('row 13, AWS: one size short fails its node here, whatever the next one does', async () => {
  const short = records(ofNode('n0002'), (line) => {
    const { bytes } = (line['parameters'] ?? {}) as { bytes?: number };
    return line['kind'] === 'sample' && bytes === 2 ** 30
      ? { ...line, value: Number(line['value']) * 4 }
      : line;
  });
  const ours = await accepted({ suites, criteria }, { bytes: short });
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0002'), /^fail: at-1-gib/u);
  assert.match(ours.node('n0001'), /^pass/u);
});

test('row 13, AWS: one wrong result is not outvoted by the right ones after it', async () => {
  const wrong = records(
    (place) => ofNode('n0002')(place) && place.trial === 0,
    (line) => (line['kind'] === 'check' ? { ...line, ok: false } : line),
  );
  const ours = await accepted({ suites, criteria }, { bytes: wrong });
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0002'), /^fail: .*all_reduce\.correct is false in .*#0\/0/u);
});

test.run();
