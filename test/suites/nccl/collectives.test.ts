import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { busbwFactor, isCollective, movedBytes } from '../../../suites/nccl/collectives.ts';

// STATISTICS.md 6.2, from nccl-tests a0b82b2.
const VECTORS: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  2: { all_reduce: 1, all_gather: 0.5, reduce_scatter: 0.5, alltoall: 0.5, broadcast: 1 },
  8: { all_reduce: 1.75, all_gather: 0.875, gather: 0.875, scatter: 0.875, reduce: 1 },
  64: { all_reduce: 1.96875, alltoall: 0.984375, sendrecv: 1, hypercube: 1 },
  1024: { all_reduce: 1.998046875, reduce_scatter: 0.9990234375 },
};

test('busbw ÷ algbw is that of nccl-tests', () => {
  for (const [ranks, factors] of Object.entries(VECTORS)) {
    for (const [collective, factor] of Object.entries(factors)) {
      assert.ok(isCollective(collective));
      assert.is(busbwFactor(collective, Number(ranks)), factor, `${collective} on ${ranks}`);
    }
  }
});

test('one rank moves nothing and is refused', () => {
  assert.throws(() => busbwFactor('all_reduce', 1), RangeError);
});

test("a rank's share is rounded down to 16 bytes", () => {
  assert.is(movedBytes('all_gather', 100, 3), 96);
  assert.is(movedBytes('all_reduce', 100, 3), 96);
  assert.is(movedBytes('alltoall', 2 ** 20, 24), 1048320);
});

test.run();
