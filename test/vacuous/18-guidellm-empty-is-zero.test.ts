/** Row 18: guidellm's distribution of nothing has a p99 of 0.0, which keeps every bound. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Histogram } from '../../suites/inference/window/histogram.ts';
import {
  percentileOf,
  pooledPercentile,
  windowFigures,
} from '../../suites/inference/window/measure.ts';
import { isGood } from '../../suites/inference/window/slo.ts';
import { unanswered } from '../suites/inference/window/rows.ts';
import { accepted } from './small-fleet.ts';
import { SERVED } from './served.ts';

/** schemas/statistics.py: no values, and every percentile is 0.0. */
function guidellm(values: readonly number[]): number {
  return values.length === 0 ? 0 : (values.at(-1) as number);
}

test('row 18, guidellm: nothing measured keeps a bound of 200 ms there', () => {
  assert.ok(guidellm([]) <= 0.2);
});

test('row 18, guidellm: nothing measured has no percentile here, pooled or not', () => {
  assert.is(percentileOf([], 0.99), undefined);
  assert.is(pooledPercentile(new Histogram(), 0.99), undefined);
  const plan = { rate: 1, settling: 0, requests: 0, timeout: 1, slo: { ttft: 0.2 } };
  assert.is(windowFigures([], plan), undefined);
  assert.not(isGood(unanswered(0, 0), { ttft: 0.2 }));
});

test('row 18, guidellm: an endpoint that gives nothing is not tested here, and the lot not accepted', async () => {
  const ours = await accepted({ ...SERVED, values: '[]' });
  assert.is(ours.exit, 3);
  assert.is(ours.verdict.lot.accepted, 0);
});

test('row 18, guidellm: the same endpoint with good answers is accepted', async () => {
  const ours = await accepted(SERVED);
  assert.is(ours.exit, 0);
});

test.run();
