/** Row 20: gpud is healthy where no threshold is set; a missing ibstat once made a node unhealthy. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inventoried } from '../../bin/selftest/edits.ts';
import { accepted, PRODUCT } from './small-fleet.ts';

function gpud(ports: number | 'no ibstat', expected: number | undefined): 'healthy' | 'unhealthy' {
  if (expected === undefined) return 'healthy';
  return ports === 'no ibstat' || ports < expected ? 'unhealthy' : 'healthy';
}

const nics = `${PRODUCT}
  - { id: nics, metric: readiness.nics, per: node, source: contract }`;

test('row 20, gpud: no threshold is healthy, no tool unhealthy there', () => {
  assert.is(gpud(0, undefined), 'healthy');
  assert.is(gpud('no ibstat', 8), 'unhealthy');
});

test('row 20, gpud: without a limit nothing is accepted here', async () => {
  const ours = await accepted({ criteria: '[]' });
  assert.is(ours.exit, 3);
});

test('row 20, gpud: a tool that prints nothing is neither pass nor fail here', async () => {
  const ours = await accepted(
    { criteria: nics },
    { bytes: inventoried('n0002', 'infiniband', () => undefined) },
  );
  assert.is(ours.exit, 3);
  assert.match(ours.node('n0002'), /^not-tested: .*readiness\.nics/u);
});

test.run();
