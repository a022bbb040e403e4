/** Row 11: OCI's single-node threshold for GB200 and GB300 is 0 (active_healthcheck.py:181). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../rejects.ts';
import { lintOf } from './small-fleet.ts';

function oci(busbw: number): boolean {
  const thresholds: Readonly<Record<string, number>> = { gb200: 0, gb300: 0 };
  return busbw >= (thresholds['gb200'] ?? 0);
}

test('row 11, OCI: no bandwidth at all passes there', () => {
  assert.ok(oci(0));
});

test('row 11, OCI: a plan with a limit of 0 is refused before any node is touched', async () => {
  const error = await rejects(lintOf('bad-limits-oci'), 'CRITERION_INVALID');
  assert.is(error.exitCode, 2);
  assert.match(error.message, /every part would pass a bound of 0.*the datasheet has 0\.9 TB\/s/u);
});

test.run();
