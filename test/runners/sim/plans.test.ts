import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlan } from '../../../plan/load.ts';
import { createInventory } from '../../../runners/inventory/suite.ts';
import { runners } from '../../../runners/registry.ts';
import type { SimOptions } from '../../../runners/sim/options.ts';
import { companion } from '../../../suites/companion/suite.ts';
import { suites } from '../../../suites/registry.ts';

const folder = new URL('../../../fixtures/plans/', import.meta.url);
const load = (file: string) =>
  loadPlan(
    { file, text: readFileSync(new URL(file, folder), 'utf8') },
    { runners, suites, always: [createInventory(), companion] },
  );

const files = readdirSync(folder).filter((file) => file.startsWith('sim-'));

test('every simulated plan loads, with a seed of its own and a source for each figure', async () => {
  assert.is(files.length, 6);
  const seeds = new Set<number>();
  for (const file of files) {
    const { plan } = await load(file);
    seeds.add(plan.seed);
    assert.is(plan.fleet.runner, 'sim');
    assert.is(plan.delivery.count, (plan.fleet.options as SimOptions).nodes);
    assert.ok(plan.criteria.length >= 15, file);
    assert.ok(plan.criteria.every((one) => one.limit.source !== ''));
  }
  assert.is(seeds.size, files.length);
});

test('in the uniformly slow lot every level is 5 % below its limit, in the healthy one above nominal', async () => {
  const shares = async (file: string) => {
    const { plan } = await load(file);
    const { values } = plan.fleet.options as SimOptions;
    return plan.criteria
      .filter((one) => one.decide === 'level')
      .map((criterion) => {
        const value = values.find((one) => one.metric === criterion.metric)?.value ?? 0;
        return {
          limit: value / criterion.limit.value,
          nominal: value / (criterion.nominal?.value ?? 1),
        };
      });
  };
  for (const { limit } of await shares('sim-64-uniformly-slow.yaml')) {
    assert.ok(Math.abs(limit - 0.95) < 1e-9, String(limit));
  }
  for (const { nominal } of await shares('sim-64-healthy.yaml')) assert.ok(nominal > 1.02);
  // Between-part spread 2 %: the limit is more than five of it away.
  for (const { limit } of await shares('sim-64-spread.yaml'))
    assert.ok(Math.log(limit) > 0.1, String(limit));
});

test.run();
