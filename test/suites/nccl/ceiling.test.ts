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

const torus = (sku: string, collective: string, nodes: number, parameters: Parameters) =>
  ceiling(`nccl.${collective}.busbw`, parameters, sku, nodes)?.value;

test('over a whole pod ICI is what its documentation says: 51.2 and 102.4 TB/s all-reduce, 1.6 and 3.2 TB/s across', () => {
  const pod = { scope: 'domain', fabric: 'ici', topology: '16x16' };
  near((torus('tpu-v5e', 'all_reduce', 32, pod) ?? 0) * 256, 51_200);
  near((torus('tpu-v6e', 'all_reduce', 32, pod) ?? 0) * 256, 102_400);
  // n²/4 of its n messages cross the middle in each direction: busbw is (n − 1)/n of 4 bisections over n.
  near(torus('tpu-v5e', 'alltoall', 32, pod), (4 * 1600 * (255 / 256)) / 256);
  near(torus('tpu-v6e', 'alltoall', 32, pod), (4 * 3200 * (255 / 256)) / 256);
});

test('a host has the links between its own chips only, a slice below a cube is not closed', () => {
  near(torus('tpu-v6e', 'all_reduce', 1, { scope: 'node' }), 200);
  near(torus('tpu-v5p', 'all_gather', 1, { scope: 'node' }), 200);
  near(torus('tpu-v5p', 'all_gather', 8, { scope: 'domain', nodes: 8 }), 300);
  near(torus('tpu-v5p', 'all_gather', 16, { scope: 'domain', nodes: 16 }), 600);
  // A plan tells how many slices, not how large: the best of all sizes is no part's to exceed.
  near(torus('tpu-v5p', 'all_gather', 2, { scope: 'domain' }), 600);
  // Eight chips in 2 × 4: four messages' halves meet on two links.
  near(torus('tpu-v6e', 'alltoall', 1, { scope: 'node' }), 87.5);
});

test('along an axis only its links count, where the mesh is that of the chips', () => {
  const of = (metric: string, parameters: Parameters) =>
    ceiling(`nccl.all_reduce.${metric}`, parameters, 'tpu-v6e', 8);
  const rows = { scope: 'domain', fabric: 'ici', mesh: '8x8', axis: 'x' };
  near(of('busbw', rows)?.value, 100);
  near(of('algbw', rows)?.value, 100 / 1.75);
  assert.is(of('busbw', { ...rows, mesh: '2x32' }), undefined, 'folded: no ceiling is known');
  near(torus('tpu-v6e', 'all_reduce', 32, { ...rows, mesh: '16x16' }), 200);
  near(torus('tpu-v5p', 'all_reduce', 32, { ...rows, mesh: '4x4x8', axis: 'z' }), 200);
});

test('a twisted torus has shorter ways than a plain one: only its links bound what it sends', () => {
  const plain = torus('tpu-v5p', 'alltoall', 16, { scope: 'domain', topology: '4x4x4' }) ?? 0;
  const twisted = torus('tpu-v5p', 'alltoall', 32, { scope: 'domain', topology: '4x4x8' }) ?? 0;
  assert.ok(twisted > 0.7 * plain && twisted < plain, `${twisted} ${plain}`);
});

test('between slices it is the host’s network, where it is known', () => {
  const dcn = { scope: 'lot', fabric: 'dcn', mesh: '2x32', axis: 'x' };
  near(torus('tpu-v5p', 'all_reduce', 16, dcn), 6.25);
  near(torus('tpu-v5e', 'all_gather', 8, dcn), 3.125);
  assert.is(torus('tpu-v6e', 'all_reduce', 8, dcn), undefined);
});

test('published figures of TPUs are not impossible', () => {
  // accelerator-microbenchmarks: TPU7x 2x2x1 (FACTS.md C.d), v6e-256 (fixtures/recorded/nccl).
  assert.ok((torus('tpu-7x', 'all_gather', 1, { scope: 'node' }) ?? 0) > 178.8e9);
  assert.ok((torus('tpu-v6e', 'all_reduce', 32, { scope: 'domain' }) ?? 0) > 235.8e9);
});

test.run();
