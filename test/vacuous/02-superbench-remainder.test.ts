/** Row 2: SuperBench's k-batch never tests the n % k nodes that are left over (gen_traffic_pattern_config.py). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Break } from '../../bin/selftest/model.ts';
import { accepted } from './small-fleet.ts';

/** Groups of k, as its generator makes them: the rest is dropped. */
function kBatch(nodes: readonly string[], k: number): string[][] {
  return Array.from({ length: Math.floor(nodes.length / k) }, (_, i) =>
    nodes.slice(i * k, (i + 1) * k),
  );
}

const NODES = Array.from({ length: 17 }, (_, i) => `n${String(i + 1).padStart(4, '0')}`);
const LINKS = `
  - { id: links, metric: nccl.all_reduce.busbw, where: { scope: pair, bytes: 1 GiB },
      per: link, at-least: 340 GB/s, nominal: 360 GB/s, source: contract }`;
const pairs = (faults: Break['faults'] = []) =>
  accepted(
    {
      nodes: 17,
      suites: 'nccl: { collectives: [all_reduce], sizes: [1 GiB], scopes: [pair] }',
      values: '[{ metric: nccl.all_reduce.busbw, value: 375 GB/s }]',
      criteria: LINKS,
    },
    { faults },
  );

test('row 2, SuperBench: of 17 nodes in groups of 4 the last is never tested there', () => {
  const tested = kBatch(NODES, 4).flat();
  assert.is(tested.length, 16);
  assert.not.ok(tested.includes('n0017'));
});

test('row 2, SuperBench: of 17 nodes in pairs every one is tested here', async () => {
  const ours = await pairs();
  assert.is(ours.exit, 0, ours.verdict.lot.reasons.join('; '));
  assert.is(ours.verdict.lot.tested, 17);
});

test('row 2, SuperBench: whichever of them is slow is named here, and it alone', async () => {
  for (const node of ['n0001', 'n0017']) {
    const ours = await pairs([{ kind: 'slow-network', nodes: [node], by: 0.2 }]);
    assert.is(ours.exit, 1);
    assert.match(ours.node(node), /^fail: links/u);
    assert.is(ours.verdict.lot.accepted, 16, JSON.stringify(ours.verdict.lot));
  }
});

test.run();
