/** Row 12: OCI's multi-node RCCL gate succeeds on attempt 1 whatever the bandwidth (12.5 against 350). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { accepted } from './small-fleet.ts';

function oci(bandwidths: readonly number[], floor: number): boolean {
  for (const [attempt, bandwidth] of bandwidths.entries()) {
    if (bandwidth >= floor || attempt === 0) return true;
  }
  return false;
}

const suites = 'nccl: { collectives: [all_reduce], sizes: [16 GiB], scopes: [pair] }';
const criteria = `
  - { id: pairs, metric: nccl.all_reduce.busbw, where: { scope: pair, bytes: 16 GiB },
      per: link, at-least: 350 GB/s, nominal: 370 GB/s, source: contract }`;
const values = (busbw: number) =>
  `[{ metric: nccl.all_reduce.busbw, where: { scope: pair }, value: ${busbw} GB/s }]`;

test('row 12, OCI: 12.5 GB/s against 350 passes there', () => {
  assert.ok(oci([12.5], 350));
});

test('row 12, OCI: 12.5 GB/s between two nodes is rejected here, and 385 is accepted', async () => {
  const slow = await accepted({ suites, criteria, values: values(12.5) });
  assert.is(slow.exit, 1);
  const good = await accepted({ suites, criteria, values: values(385) });
  assert.is(good.exit, 0);
});

test.run();
