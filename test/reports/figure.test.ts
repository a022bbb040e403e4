import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../plan/random.ts';
import type { Criterion } from '../../plan/model.ts';
import {
  conforms,
  displayBeside,
  displayOf,
  marginOf,
  showBytes,
  showCount,
  showInterval,
  showLimit,
  showMargin,
  showRisk,
  showSeconds,
  showValue,
} from '../../reports/figure.ts';

const TFLOPS = { unit: 'TFLOP/s', factor: 1e-12, digits: 1 };
const MS = { unit: 'ms', factor: 1e3, digits: 2 };
const atLeast = { bound: 'at-least', limit: 700e12 } as const;

test('a value short of its limit never rounds up to it', () => {
  assert.is(showValue(699.96e12, TFLOPS, atLeast), '699.9');
  assert.is(showValue(699.9999e12, TFLOPS, atLeast), '699.9');
  assert.is(showValue(700e12, TFLOPS, atLeast), '700.0');
  assert.is(showValue(700.06e12, TFLOPS, atLeast), '700.0');
  assert.is(showValue(0.050001, MS, { bound: 'at-most', limit: 0.05 }), '50.01');
});

test('a limit with more digits than the metric shows gives the value as many', () => {
  const against = { bound: 'at-least', limit: 700.04e12 } as const;
  assert.is(showLimit(against.limit, TFLOPS), '700.04');
  assert.is(showValue(700.05e12, TFLOPS, against), '700.05');
  assert.is(showValue(700.03e12, TFLOPS, against), '700.0');
});

test('for ten thousand drawn values the shown one stands where the value does, on the worse side', () => {
  const random = stream(1, 'figure');
  for (let index = 0; index < 10_000; index += 1) {
    const bound = random() < 0.5 ? 'at-least' : 'at-most';
    const limit = Number((random() * 10 ** (random() * 6 - 3)).toPrecision(4)) * 1e12;
    const value = limit * (1 + (random() - 0.5) * 10 ** (-random() * 9));
    const against = { bound, limit } as const;
    const shown = Number(showValue(value, TFLOPS, against));
    const shownLimit = Number(showLimit(limit, TFLOPS));
    const scaled = Number((value * TFLOPS.factor).toPrecision(12));
    if (scaled === shownLimit) continue;
    assert.is(conforms(shown, { bound, limit: shownLimit }), conforms(value, against));
    assert.ok(bound === 'at-least' ? shown <= scaled : shown >= scaled, `${shown} for ${scaled}`);
  }
});

test('an interval is rounded outwards', () => {
  assert.is(showInterval([699.96e12, 741.21e12], TFLOPS, atLeast), '699.9 to 741.3');
  assert.is(showInterval([650.04e12, 699.96e12], TFLOPS, atLeast), '650.0 to 699.96');
});

test('a margin keeps its sign and is rounded towards worse', () => {
  assert.is(showMargin(marginOf(699.98e12, atLeast)), '−0.1 %');
  assert.is(showMargin(-0.0004), '−0.1 %');
  assert.is(showMargin(0.0004), '+0.04 %');
  assert.is(showMargin(0), '±0.0 %');
  assert.is(showMargin(marginOf(3, { bound: 'at-most', limit: 0 })), '–');
  assert.is(showMargin(marginOf(0.04, { bound: 'at-most', limit: 0.05 })), '+20.0 %');
});

test('binary noise of a scale is not shown', () => {
  assert.is(
    showValue(0.1 + 0.2, { unit: '', factor: 1, digits: 1 }, { bound: 'at-most', limit: 1 }),
    '0.300',
  );
  assert.is(showValue(-0.04, { unit: '', factor: 1, digits: 1 }), '-0.0400');
});

test("a limit far below the metric's unit steps the prefix down for both", () => {
  const metric = {
    id: 'm',
    unit: 'FLOP/s',
    display: TFLOPS,
    better: 'higher',
    source: '',
  } as const;
  const beside = (limit: number) =>
    displayBeside([metric], { metric: 'm', limit: { value: limit, source: '' } } as Criterion);
  assert.is(beside(700e12).unit, 'TFLOP/s');
  const small = beside(5e8);
  assert.is(`${showLimit(5e8, small)} ${small.unit}`, '0.5 GFLOP/s');
  assert.is(showValue(3.107e9, small, { bound: 'at-least', limit: 5e8 }), '3.10');
  assert.is(beside(0).unit, 'TFLOP/s');
});

test('counts, bytes, seconds and risks read as a person writes them', () => {
  assert.is(showCount(1234567), '1,234,567');
  assert.is(showBytes(8589934592), '8 GiB');
  assert.is(showBytes(1000), '1000 B');
  assert.is(showSeconds(42), '42.0 s');
  assert.is(showSeconds(9000), '2.5 h');
  assert.is(showRisk(0.001), '0.001');
  assert.is(showRisk(8.7e-6), '8.7 × 10⁻⁶');
});

test('a metric that is not known is shown as a bare number', () => {
  assert.is(showValue(0.12345, displayOf([], 'x')), '0.123');
});

test.run();
