import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { composePlan } from '../../bin/compose.ts';
import { planPairs } from '../../bin/pair-prices.ts';
import { plannedNodes } from '../../verdicts/lint/planned-nodes.ts';
import { forecast } from '../../bin/forecast.ts';

const plan = readFileSync(
  new URL('../../fixtures/plans/pairs-64-one-slow.yaml', import.meta.url),
  'utf8',
);

/** What the fixture says of a fleet of this size. */
async function composed(nodes: number, sweep: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'assay-prices-'));
  try {
    const file = join(folder, 'plan.yaml');
    const text = plan
      .replace('count: 64', `count: ${nodes}`)
      .replace('  nodes: 64', `  nodes: ${nodes}`)
      .replace('scopes: [node, pair, lot] }', `scopes: [pair], full-sweep: ${sweep} }`)
      .replace(/  - id: lot\n(?:    .*\n)+/u, '')
      .replace(/  - id: all-reduce\n(?:    .*\n)+/u, '');
    writeFileSync(file, text);
    return await composePlan({ file });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('an estimate prices the screen of pairs beside the full sweep, at 512 nodes and 10,000', async () => {
  for (const nodes of [512, 10_000]) {
    const { plan: resolved, units } = await composed(nodes, false);
    const cases = units.suites.flatMap((suite) => suite.cases(plannedNodes(resolved, 512)));
    const [pairs, ...more] = planPairs(resolved, cases, nodes, 0.01);
    assert.is(more.length, 0);
    assert.ok(pairs?.search !== undefined);
    assert.ok(pairs.search.rounds <= 4, `${pairs.search.rounds} rounds`);
    assert.ok(pairs.search.missed + pairs.search.false <= 0.01);
    assert.is(pairs.sweep.rounds, nodes - 1);
    assert.is(pairs.sweep.nodeHours, (pairs.sweep.wallTime * nodes) / 3600);
    assert.not.ok(pairs.bought);
  }
});

test('a sweep that is bought is in the estimate’s total', async () => {
  const without = await forecast(await composed(64, false));
  const swept = await forecast(await composed(64, true));
  const [pairs] = swept.pairs;
  assert.ok(pairs?.bought);
  assert.is(swept.expected.rounds - without.expected.rounds, 63);
  assert.is(swept.expected.trials - without.expected.trials, 63 * 32);
  const more = swept.expected.nodeHours - without.expected.nodeHours;
  assert.ok(Math.abs(more - pairs.sweep.nodeHours) < 1e-6);
});

test.run();
