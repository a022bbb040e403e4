/** Row 3: SuperBench's diagnosis lists defective nodes and exits 0 (cli/_result_handler.py). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Break } from '../../bin/selftest/model.ts';
import { accepted } from './small-fleet.ts';

/** Writes its summary; its status is that of the writing. */
function diagnosisStatus(defective: readonly string[]): number {
  const summary = JSON.stringify({ defective });
  return summary.length > 0 ? 0 : 1;
}

const slow: Break = { faults: [{ kind: 'slow', nodes: ['n0002'], by: 0.2 }] };

test('row 3, SuperBench: defective nodes and exit 0 there', () => {
  assert.is(diagnosisStatus(['n0002']), 0);
});

test('row 3, SuperBench: the same slow node ends in exit 1 here, and it alone is named', async () => {
  const ours = await accepted({}, slow);
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0001'), /^pass/u);
  assert.match(ours.node('n0002'), /^fail: product/u);
});

test.run();
