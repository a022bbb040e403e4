import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Parameters } from '../../../plan/model.ts';
import { ceiling, networkCeiling } from '../../../suites/nccl/ceiling.ts';

const near = (seen: number | undefined, expected: number) =>
  assert.ok(seen !== undefined && Math.abs(seen / 1e9 - expected) < 0.05, `${seen} ${expected}`);

test('the network roofline is that of FACTS.md C.f', () => {
  const of = (domains: number, perDomain: number, rate: number) => ({
    domains,
    perDomain,
    rate: rate * 1e9,
  });
  near(networkCeiling('all_reduce', of(2, 8, 400)), 750);
  near(networkCeiling('alltoall', of(2, 8, 400)), 93.75);
  near(networkCeiling('all_reduce', of(2, 8, 200)), 375);
  near(networkCeiling('all_gather', of(4, 4, 200)), 250);
  near(networkCeiling('alltoall', of(4, 4, 200)), 62.5);
  near(networkCeiling('all_reduce', of(8, 4, 400)), 442.86);
  near(networkCeiling('all_reduce', of(8, 8, 400)), 450);
  near(networkCeiling('all_reduce', of(4, 8, 400)), 516.67);
});

test("AWS's floors lie above it", () => {
  const two = ceiling('nccl.all_reduce.busbw', {}, 'h100-sxm', 2);
  assert.ok(two && two.value < 800e9);
});

test('published NVLS and MNNVL figures are not impossible', () => {
  const nvls = ceiling('nccl.all_reduce.busbw', {}, 'h200-sxm', 1);
  assert.ok(nvls && nvls.value > 482.26e9);
  const off = ceiling('nccl.all_reduce.busbw', { nvls: false }, 'h200-sxm', 1);
  near(off?.value, 450);
  const rack = ceiling('nccl.all_reduce.busbw', {}, 'gb200', 18);
  assert.ok(rack === undefined || rack.value > 846.8e9);
});

test('nothing is said of an unknown part, of times and of one rank', () => {
  assert.is(ceiling('nccl.all_reduce.busbw', {}, 'no-such-part', 2), undefined);
  assert.is(ceiling('nccl.all_reduce.time', {}, 'h200-sxm', 2), undefined);
});

test('on a torus nothing exceeds the links of a chip, nor along an axis those of the axis', () => {
  const of = (metric: string, parameters: Parameters) =>
    ceiling(`nccl.all_reduce.${metric}`, parameters, 'tpu-v6e', 8);
  const busbw = (parameters: Parameters) => of('busbw', parameters)?.value;
  assert.is(busbw({ scope: 'domain', fabric: 'ici' }), 400e9);
  assert.is(busbw({ scope: 'domain', fabric: 'ici', mesh: '8x8', axis: 'x' }), 200e9);
  assert.is(busbw({ scope: 'lot', fabric: 'dcn', mesh: '2x32', axis: 'x' }), undefined);
  const algbw = of('algbw', { scope: 'domain', fabric: 'ici', mesh: '8x8', axis: 'x' });
  assert.is(algbw?.value, 200e9 / 1.75);
  assert.match(algbw?.source ?? '', /one of 2 axes/u);
});

test.run();
