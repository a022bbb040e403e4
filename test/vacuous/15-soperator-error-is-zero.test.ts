/** Row 15: Soperator's checks exit 0 on ERROR and on an unsupported platform (gpu-checks.sh). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { done, ofNode, output } from '../../bin/selftest/edits.ts';
import { accepted } from './small-fleet.ts';

function soperator(status: 'PASS' | 'FAIL' | 'ERROR' | 'UNSUPPORTED'): number {
  return status === 'FAIL' ? 1 : 0;
}

test('row 15, Soperator: a check that could not run is exit 0 there', () => {
  assert.is(soperator('ERROR'), 0);
  assert.is(soperator('UNSUPPORTED'), 0);
});

for (const code of ['NO_TORCH', 'NOT_SUPPORTED']) {
  test(`row 15, Soperator: ${code} on a node is exit 3 here, and no fault of the node`, async () => {
    const ours = await accepted(
      {},
      { bytes: output(ofNode('n0002'), () => [done('harness', code)]) },
    );
    assert.is(ours.exit, 3);
    assert.match(ours.node('n0002'), /^not-tested/u);
    assert.is(ours.verdict.nodes.find((one) => one.id === 'n0002')?.owner, 'harness');
  });
}

test.run();
