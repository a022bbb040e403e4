/** Row 23: in Meta GCM's check_nccl a run that failed is a WARN. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { accepted } from './small-fleet.ts';

function gcm(exit: number, busbw: number, floor: number): 'OK' | 'WARN' | 'CRITICAL' {
  if (exit !== 0) return 'WARN';
  return busbw < floor ? 'CRITICAL' : 'OK';
}

/** Only CRITICAL takes a node out. */
const drained = (state: ReturnType<typeof gcm>) => state === 'CRITICAL';

test('row 23, Meta GCM: a node on which the program dies stays in service there', () => {
  assert.not(drained(gcm(139, 0, 340)));
});

test('row 23, Meta GCM: a node on which the program dies is rejected here', async () => {
  const ours = await accepted({}, { faults: [{ kind: 'crash', nodes: ['n0002'] }] });
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0002'), /^fail: completeness/u);
});

test.run();
