import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { networkRoofline } from '../../../plan/catalogue/roofline.ts';
import type { NetworkShape } from '../../../plan/catalogue/roofline.ts';

const GB = 1e9;
const shape = (over: Partial<NetworkShape>): NetworkShape => ({
  collective: 'all_reduce',
  domains: 2,
  perDomain: 8,
  ...over,
});

type Cell = readonly [
  name: string,
  /** GB/s of a domain's NICs. */
  nics: number,
  domains: number,
  perDomain: number,
  /** GB/s, ceilings as FACTS.md C.f prints them, and what was measured. */
  ceiling: { readonly reduce: number; readonly exchange?: number },
  measured: { readonly reduce: number; readonly exchange?: number },
];

const published: readonly Cell[] = [
  [
    'AWS H100 EFA 2 n',
    400,
    2,
    8,
    { reduce: 750, exchange: 93.8 },
    { reduce: 487.87, exchange: 79.11 },
  ],
  [
    'GCP H100 TCPXO 2 n',
    200,
    2,
    8,
    { reduce: 375, exchange: 46.9 },
    { reduce: 337.09, exchange: 40.16 },
  ],
  [
    'AWS GB200 EFA 4 n',
    200,
    4,
    4,
    { reduce: 250, exchange: 62.5 },
    { reduce: 191.4, exchange: 58.15 },
  ],
  [
    'AWS GB300 RoCE 8 n',
    400,
    8,
    4,
    { reduce: 442.9, exchange: 110.7 },
    { reduce: 376.01, exchange: 85.62 },
  ],
  ['CoreWeave H100 64 GPU', 400, 8, 8, { reduce: 450 }, { reduce: 386.6 }],
  ['P6-B200 4 n', 400, 4, 8, { reduce: 516.7 }, { reduce: 381.8 }],
  ['p5en H200 4 n', 400, 4, 8, { reduce: 516.7 }, { reduce: 364.9 }],
];

for (const [name, nics, domains, perDomain, ceiling, measured] of published) {
  test(`the network's ceiling is that of FACTS.md C.f: ${name}`, () => {
    const base = { domains, perDomain, nicBytesPerSecond: nics * GB };
    const of = (collective: NetworkShape['collective']) =>
      (networkRoofline({ ...base, collective })?.value ?? 0) / GB;
    for (const collective of ['all_reduce', 'all_gather', 'reduce_scatter'] as const) {
      assert.ok(Math.abs(of(collective) - ceiling.reduce) < 0.06, `${of(collective)}`);
    }
    assert.ok(measured.reduce < of('all_reduce'));
    if (ceiling.exchange === undefined) return;
    assert.ok(Math.abs(of('alltoall') - ceiling.exchange) < 0.06);
    assert.ok((measured.exchange ?? Infinity) < of('alltoall'));
  });
}

test('the scale-up link caps what the NICs would let through', () => {
  const ceiling = networkRoofline(shape({ nicBytesPerSecond: 400 * GB, scaleUp: 450 * GB }));
  assert.is(ceiling?.value, 450 * GB);
  assert.match(ceiling?.source ?? '', 'scale-up');
});

test('NVLS lifts all_reduce above the wire, and nothing else', () => {
  const inNode = { domains: 1, scaleUp: 450 * GB, nvls: true };
  assert.is(networkRoofline(shape(inNode))?.value, 787.5 * GB);
  assert.is(networkRoofline(shape({ ...inNode, collective: 'all_gather' }))?.value, 450 * GB);
  assert.is(networkRoofline(shape({ ...inNode, nvls: false }))?.value, 450 * GB);
});

test('SHARP lifts all_reduce over the NICs', () => {
  const wide = shape({ domains: 16, nicBytesPerSecond: 400 * GB });
  assert.ok((networkRoofline(wide)?.value ?? 0) < 425 * GB);
  assert.ok((networkRoofline({ ...wide, sharp: true })?.value ?? 0) > 790 * GB);
});

test('two racks of GB200 have two domains: 144 GPUs may do 810 GB/s where trays as nodes could not', () => {
  const trays = shape({ domains: 36, perDomain: 4, nicBytesPerSecond: 200 * GB });
  assert.ok((networkRoofline(trays)?.value ?? 0) < 205 * GB);
  const racks = shape({
    domains: 2,
    perDomain: 72,
    nicBytesPerSecond: 18 * 200 * GB,
    scaleUp: 900 * GB,
  });
  assert.is(networkRoofline(racks)?.value, 900 * GB);
});

test('a broadcast, a reduce and a ring step are bound by one domain’s NICs', () => {
  for (const collective of ['broadcast', 'reduce', 'sendrecv'] as const) {
    assert.is(networkRoofline(shape({ collective, nicBytesPerSecond: 400 * GB }))?.value, 400 * GB);
  }
});

test('what is not known has no ceiling: one rank, no NICs, no link', () => {
  assert.is(networkRoofline(shape({ domains: 1, perDomain: 1, scaleUp: 450 * GB })), undefined);
  assert.is(networkRoofline(shape({})), undefined);
  assert.is(networkRoofline(shape({ domains: 1, nicBytesPerSecond: 400 * GB })), undefined);
});

test.run();
