import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boughtOf } from '../../bin/price.ts';

const PRICE = { perNodeHour: 31.5, currency: 'USD' };
const RATE = { metric: 'inference.endpoint.throughput-per-node', value: 8750 };

test('a node’s tokens a second and the price of its hour come to tokens for money', () => {
  assert.is(boughtOf(RATE, PRICE), '1000000 tokens for 1 USD, at 31.5 USD a node-hour');
});

test('without a price, or of what is no node’s rate, nothing is said', () => {
  assert.is(boughtOf(RATE, undefined), undefined);
  assert.is(boughtOf(RATE, { ...PRICE, perNodeHour: 0 }), undefined);
  assert.is(boughtOf({ ...RATE, metric: 'inference.endpoint.ttft' }, PRICE), undefined);
});

test.run();
