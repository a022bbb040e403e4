import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { estimateRun } from '../../campaign/estimate.ts';
import { fakeNode } from './fake-fleet.ts';
import { fakeCase, fakeInventory, fakeJudge, fakePlan, metric } from './fake-suite.ts';

const test = suite('estimate');

test('trials, wall time, node-hours and cost follow from the cases and the rounds that the judge asks for', () => {
  const { delivery } = fakePlan();
  const plan = fakePlan({
    delivery: { ...delivery, price: { perNodeHour: 36, currency: 'USD' } },
  });
  const nodes = Array.from({ length: 10 }, (_, at) => fakeNode(at));
  const setup = {
    plan,
    origin: 'hardware' as const,
    nodes,
    missing: [],
    cases: [...fakeInventory.cases(nodes), fakeCase('one'), fakeCase('pair', 'pair')],
    metrics: [metric],
    checks: [],
    createJudge: fakeJudge(2),
    truth: 'nominal' as const,
  };
  const estimate = estimateRun(setup);
  assert.is(estimate.trials, 10 + 2 * 10 + 2 * 5);
  assert.equal(estimate.cases, [
    { case: 'inventory', trials: 10, seconds: 10 },
    { case: 'one', trials: 20, seconds: 20 },
    { case: 'pair', trials: 10, seconds: 10 },
  ]);
  // A trial of one second and its overhead of one: inventory, then twice (one, pair).
  assert.is(estimate.wallTime, 2 + 2 * 4);
  assert.is(estimate.nodeHours, (10 * 10) / 3600);
  assert.is(estimate.cost, 36 * estimate.nodeHours);
  assert.equal(estimateRun(setup), estimate);
  const narrow = estimateRun({ ...setup, plan: { ...plan, fleet: { ...plan.fleet, atOnce: 1 } } });
  assert.is(narrow.wallTime, 2 * estimate.trials);
});

test.run();
