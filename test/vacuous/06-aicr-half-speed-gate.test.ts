/** Row 6: AICR's gate of 50,000 tok/s −10 % against 108,790 measured; a SKU it skips exits 0. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { remarksOn } from '../../bin/linted.ts';
import { accepted, composed } from './small-fleet.ts';

const GATE = 50_000;
const GOOD = 108_790;

function aicr(sku: string, rate: number): number {
  const gates: Readonly<Record<string, number>> = { h100: GATE };
  const gate = gates[sku];
  return gate === undefined || rate >= 0.9 * gate ? 0 : 1;
}

const criteria = `
  - { id: decode, metric: inference.decode.throughput, per: accelerator, at-least: ${0.9 * GATE} tok/s,
      nominal: ${GOOD} tok/s, source: 'AICR user guide, 50,000 tok/s −10 %' }`;

test('row 6, AICR: half the speed passes there, and so does a SKU without a gate', () => {
  assert.is(aicr('h100', GOOD / 2), 0);
  assert.is(aicr('some-other', 1), 0);
});

test('row 6, AICR: lint names the tolerance that was taken off, and what it comes to', async () => {
  const remarks = remarksOn(await composed({ suites: 'inference: {}', criteria }));
  const about = remarks.filter((one) => one.criterion === 'decode').map((one) => one.message);
  assert.match(about.join('\n'), /tolerance inside .*50[ ,]?000.* 41\.4 % of nominal/u);
});

test('row 6, AICR: a SKU that nobody knows is not accepted here, whatever it measures', async () => {
  const unknown = { plan: withoutPart };
  const ours = await accepted({}, unknown);
  assert.is(ours.exit, 3);
  assert.match(ours.verdict.lot.reasons.join('; '), /not in the catalogue/u);
});

function withoutPart<P extends { part?: unknown }>({ part: _part, ...plan }: P): Omit<P, 'part'> {
  return plan;
}

test.run();
