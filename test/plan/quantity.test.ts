import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { quantity, readQuantity } from '../../plan/quantity.ts';

test('reads decimal, binary and bit prefixes into SI base units', () => {
  assert.is(quantity('700 TFLOP/s', 'FLOP/s'), 7e14);
  assert.is(quantity('8 GiB', 'B'), 8 * 2 ** 30);
  assert.is(quantity('400 Gb/s', 'B/s'), 50e9);
  assert.is(quantity('30 min', 's'), 1800);
});

test('refuses a number without a unit, and a unit of another kind', () => {
  assert.match((readQuantity(700, 'FLOP/s') as { problem: string }).problem, 'has no unit');
  assert.match((readQuantity('700 GB/s', 'FLOP/s') as { problem: string }).problem, '"GB/s"');
});

test.run();
