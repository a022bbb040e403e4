import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../../../plan/random.ts';
import { Histogram } from '../../../../suites/inference/window/histogram.ts';
import {
  bottleneck,
  decodeLateness,
  encodeLateness,
} from '../../../../suites/inference/window/lateness.ts';
import {
  enoughFor,
  percentileOf,
  pooledPercentile,
  windowFigures,
  type WindowPlan,
} from '../../../../suites/inference/window/measure.ts';
import type { RequestRow } from '../../../../suites/inference/window/row.ts';
import { backlog, warmUp } from '../../../../suites/inference/window/steady.ts';
import { request, unanswered } from './rows.ts';

const PLAN: WindowPlan = {
  rate: 100,
  settling: 100,
  requests: 500,
  timeout: 10,
  slo: { ttft: 0.2, tpot: 0.2 },
};
const many = (count: number, make: (index: number) => RequestRow) =>
  Array.from({ length: count }, (_, index) => make(index));

test('a window of good requests: all good, nothing over, throughput over the time it took', () => {
  const figures = windowFigures(
    many(600, (k) => request(k, k / 100)),
    PLAN,
  );
  assert.is(figures?.failed, 0);
  assert.is(figures?.good, figures?.of);
  assert.equal(figures?.over, { ttft: 0, tpot: 0 });
  const seconds = figures?.seconds ?? 0;
  assert.ok(Math.abs((figures?.outputTokens ?? 0) / seconds - 400) < 40);
});

test('failures count against: as the time-out in every tail, over every bound, never good', () => {
  const rows = many(600, (k) => (k % 10 === 0 ? unanswered(k, k / 100) : request(k, k / 100)));
  const figures = windowFigures(rows, PLAN);
  const of = figures?.of ?? 0;
  assert.ok(of >= 500);
  assert.is(figures?.failed, Math.ceil(of / 10));
  assert.is(figures?.over.ttft, figures?.failed);
  assert.is(figures?.over.tpot, figures?.failed);
  assert.is(figures?.good, of - (figures?.failed ?? 0));
  assert.is(percentileOf(figures?.ttft ?? [], 0.99), 10);
  assert.match(figures?.failure ?? '', /^\d+ status 503$/u);
});

test('a percentile needs requests enough for it, and an empty one is not 0', () => {
  assert.is(enoughFor(0.99), 459);
  const values = many(458, (k) => request(k, k)).map((row) => row.index);
  assert.is(percentileOf(values, 0.99), undefined);
  assert.is.not(percentileOf([...values, 458], 0.99), undefined);
  assert.is(percentileOf([], 0.5), undefined);
  assert.is(pooledPercentile(new Histogram(), 0.5), undefined);
  assert.is(windowFigures([], PLAN), undefined);
});

test('warm-up is dropped as far as the rule says, and never past the planned one', () => {
  const random = stream(1, 'cold');
  const cold = (until: number) =>
    many(600, (k) => {
      const wait = (k < until ? 1 - k / until : 0) + 0.02 * random();
      const [first, last] = [k / 100 + 0.1 + wait, k / 100 + 0.4 + wait];
      return request(k, k / 100, { first, last, ended: last });
    });
  const warmed = windowFigures(cold(60), PLAN);
  const dropped = warmed?.dropped ?? 0;
  assert.ok(dropped >= 45 && dropped <= 90, String(dropped));
  assert.not(warmed?.unsteady);
  // A stall long after the start is the server's, however much it looks like a warm-up.
  const late = windowFigures(cold(200), PLAN);
  assert.is(late?.dropped, 100);
  assert.ok(late?.unsteady);
  assert.is(warmUp([1, 2, 3]), undefined);
});

/** M/D/c queue: what a server with `slots` makes of Poisson arrivals. */
function queue(rate: number, seed: number, slots = 4, service = 0.1, count = 1500): RequestRow[] {
  const random = stream(seed, 'queue');
  const free = Array.from({ length: slots }, () => 0);
  let at = 0;
  return many(count, (index) => {
    at += -Math.log(1 - random()) / rate;
    free.sort((a, b) => a - b);
    const start = Math.max(at, free[0] as number);
    free[0] = start + service;
    const last = start + service;
    return request(index, at, { first: start + service / 4, last, ended: last });
  });
}

test('saturation is seen above what a server can do, and not below', () => {
  // 4 slots of 0.1 s: 40 requests/s.
  const called = (rate: number) =>
    Array.from({ length: 40 }, (_, seed) => backlog(queue(rate, seed)).saturated).filter(Boolean)
      .length;
  assert.is(called(25), 0);
  assert.is(called(36), 0);
  assert.ok(called(50) >= 38, String(called(50)));
});

test('the generator’s own lateness refuses the window', () => {
  const ease = {
    slipP50: 0.0005,
    slipP99: 0.003,
    slipMost: 0.02,
    loopP99: 0.002,
    busy: 0.4,
    cpu: 1,
    seconds: 10,
  };
  assert.is(bottleneck(ease, 0.01, 0.1), undefined);
  assert.match(bottleneck({ ...ease, slipP99: 0.05 }, 0.01, 0.1) ?? '', /50.0 ms late at p99/u);
  assert.is(bottleneck({ ...ease, slipP99: 0.05 }, 0.01, 5), undefined);
  assert.match(bottleneck({ ...ease, loopP99: 0.03 }, 0.01, 0.1) ?? '', /event loop was 30.0 ms/u);
  assert.match(bottleneck({ ...ease, busy: 0.97 }, 0.01, 0.1) ?? '', /busy 97.0 %/u);
  assert.equal(decodeLateness(encodeLateness(ease)), ease);
  assert.is(decodeLateness([1, 2]), undefined);
  assert.is(decodeLateness([1, 2, 3, 4, 5, 6, -7]), undefined);
});

test.run();
