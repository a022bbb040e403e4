import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtinPlan } from '../../plan/catalogue/builtin.ts';
import { parts } from '../../plan/catalogue/parts.ts';
import { commentedPlan } from '../../plan/init.ts';
import { loadPlan } from '../../plan/load.ts';
import { createInventory } from '../../runners/inventory/suite.ts';
import { runners } from '../../runners/registry.ts';
import { companion } from '../../suites/companion/suite.ts';
import { suites } from '../../suites/registry.ts';
import { lintPlan } from '../../verdicts/lint/lint.ts';

const { checks } = createInventory();
const always = [companion, { id: 'inventory', metrics: [], checks }];

const load = (text: string) => loadPlan({ file: '', text }, { runners, suites, always });
const lint = async (text: string) => {
  const loaded = await load(text);
  return lintPlan(loaded.plan, loaded.suites);
};

for (const { sku, perNode } of parts) {
  test(`the built-in plan for ${sku} loads against the real suites, and every floor is measured`, async () => {
    const { plan } = await load(builtinPlan({ sku, accelerators: perNode }));
    assert.is(plan.file, undefined);
    assert.is(plan.fleet.runner, 'local');
    assert.is(plan.delivery.acceleratorsPerNode, perNode);
    assert.equal(plan.warnings, []);
    const linted = lint(builtinPlan({ sku, accelerators: perNode }));
    assert.equal(
      (await linted).map(({ message }) => message),
      [],
    );
  });
}

test('the reference device is judged on all three suites, with five trials at 3.2 %', async () => {
  const { plan } = await load(builtinPlan({ sku: 'cpu-reference', accelerators: 1 }));
  assert.equal(plan.decision, {
    consumerRisk: 0.032,
    producerRisk: 0.01,
    inconclusive: 'hold',
    nonconforming: 0,
    maxTrials: 5,
    sigma: 'none',
  });
  const limits = Object.fromEntries(
    plan.criteria
      .filter(({ decide }) => decide === 'level')
      .map(({ id, limit }) => [id, limit.value]),
  );
  assert.equal(limits, { 'gemm-fp32': 5e7, 'memory-copy': 5e7, 'all-reduce': 1e6, decode: 0.1 });
  assert.ok(plan.criteria.every(({ standing }) => standing === 'catalogue'));
  assert.is(plan.criteria.filter(({ decide }) => decide === 'exact').length, 6);
});

test('a part that the catalogue lacks is measured without criteria, whatever its name', async () => {
  const name = 'Tesla T4: "x" # y';
  const { plan } = await load(builtinPlan({ sku: name, accelerators: 2 }));
  assert.is(plan.delivery.sku, name);
  assert.is(plan.part, undefined);
  assert.equal(plan.criteria, []);
  assert.is(plan.suites.length, 3);
});

test('one GPU of a kind has no collectives to run', async () => {
  const { plan } = await load(builtinPlan({ sku: 'h100-sxm', accelerators: 1 }));
  assert.equal(
    plan.suites.map(({ id }) => id),
    ['matmul', 'inference'],
  );
  assert.not(plan.criteria.some(({ metric }) => metric.startsWith('nccl')));
});

test('the commented plan loads, and lint finds no mistake in it', async () => {
  const { plan } = await load(commentedPlan());
  assert.is(plan.criteria[0]?.id, 'bf16-contract');
  assert.ok(plan.criteria.length > 10);
  const remarks = await lint(commentedPlan());
  assert.equal(
    remarks.filter(({ level }) => level === 'error'),
    [],
  );
});

test.run();
