import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { count, show, showBeside, some } from '../../verdicts/show.ts';

const metric = {
  id: 'x',
  unit: 'FLOP/s',
  display: { unit: 'TFLOP/s', factor: 1e-12, digits: 1 },
  better: 'higher' as const,
  source: 'test',
};

test('values are shown in the metric’s unit, and a small one never as nothing', () => {
  assert.is(show(712.34e12, metric), '712.3 TFLOP/s');
  assert.is(show(0.2e9, metric), '0.00020 TFLOP/s');
  assert.is(show(0, metric), '0.0 TFLOP/s');
  assert.is(show(3, undefined), '3.000');
});

test('rounding never hides that a value is short of its bound', () => {
  assert.is(showBeside(699.96e12, 700e12, metric), '699.96 TFLOP/s');
  assert.is(showBeside(690e12, 700e12, metric), '690.0 TFLOP/s');
});

test('counts and lists read as words', () => {
  assert.is(count(1, 'trial'), '1 trial');
  assert.is(count(2, 'trial'), '2 trials');
  assert.is(some(['a', 'b', 'c'], 2), 'a, b and 1 more');
});

test.run();
