/** Row 5: NVCRE's MNNVL switch had no effect on the bandwidth, and the validation still said PASSED (validation-results.md). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../plan/random.ts';
import { knobEffect } from '../../verdicts/statistics/knob-effect.ts';
import { accepted } from './small-fleet.ts';

/** It ran to its end. */
function nvcre(on: number, off: number): 'PASSED' | 'FAILED' {
  return on > 0 && off > 0 ? 'PASSED' : 'FAILED';
}

/** Runs at 1 % noise. */
function runs(level: number, n: number, seed: number): number[] {
  const random = stream(seed, 'knob');
  return Array.from({ length: n }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return level * Math.exp(0.01 * normal);
  });
}

test('row 5, NVCRE: the same bandwidth with the switch and without is PASSED there', () => {
  assert.is(nvcre(46e9, 46e9), 'PASSED');
});

test('row 5, NVCRE: a knob without effect is said to have none here, one that works to work', () => {
  const inert = knobEffect(runs(46e9, 6, 1), runs(46e9, 6, 2), 'higher', 0.99);
  assert.is(inert?.word, 'none');
  assert.ok(inert !== undefined && inert.interval[0] < 1 && inert.interval[1] > 1);
  const works = knobEffect(runs(700e9, 6, 3), runs(46e9, 6, 4), 'higher', 0.99);
  assert.is(works?.word, 'better');
  assert.is(knobEffect(runs(0.2, 6, 5), runs(0.1, 6, 6), 'lower', 0.99)?.word, 'worse');
  assert.is(knobEffect([1, 1], [1, 1], 'higher', 0.99), undefined, 'two pairs show nothing');
});

test('row 5, NVCRE: what was bought with the switch is measured against its own limit here', async () => {
  const domain = (measured: string) =>
    accepted({
      sku: 'gb200',
      nodes: 4,
      suites: 'nccl: { collectives: [all_reduce], sizes: [1 GiB], scopes: [pair] }',
      values: `[{ metric: nccl.all_reduce.busbw, value: ${measured} }]`,
      criteria: `
  - { id: mnnvl, metric: nccl.all_reduce.busbw, where: { scope: pair, bytes: 1 GiB },
      per: link, at-least: 600 GB/s, nominal: 650 GB/s, source: 'contract: over MNNVL' }`,
    });
  assert.is((await domain('700 GB/s')).exit, 0);
  const inert = await domain('46 GB/s');
  assert.is(inert.exit, 1);
  assert.is(inert.verdict.lot.accepted, 0);
});

test.run();
