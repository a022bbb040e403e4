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
    learned: {
      lengths: new Map(['inventory', 'one', 'pair'].map((id) => [id, { seconds: 2, spread: 0 }])),
      repeatability: [],
    },
  };
  const estimate = estimateRun(setup);
  assert.is(estimate.trials, 10 + 2 * 10 + 2 * 5);
  assert.equal(estimate.cases, [
    { case: 'inventory', trials: 10, seconds: 20 },
    { case: 'one', trials: 20, seconds: 40 },
    { case: 'pair', trials: 10, seconds: 20 },
  ]);
  // A trial of two seconds: inventory, then twice (one, pair).
  assert.is(estimate.wallTime, 2 + 2 * 4);
  assert.is(estimate.nodeHours, (10 * 10) / 3600);
  assert.is(estimate.cost, 36 * estimate.nodeHours);
  assert.equal(estimateRun(setup), estimate);
  const narrow = estimateRun({ ...setup, plan: { ...plan, fleet: { ...plan.fleet, atOnce: 1 } } });
  assert.is(narrow.wallTime, 2 * estimate.trials);
});

test('where nothing is known a trial takes what its suite expects, a second more, and not always the same', () => {
  const nodes = [fakeNode(0), fakeNode(1)];
  const { cases, wallTime, trials } = estimateRun({
    plan: fakePlan(),
    origin: 'hardware',
    nodes,
    missing: [],
    cases: [...fakeInventory.cases(nodes), fakeCase('one')],
    metrics: [metric],
    checks: [],
    createJudge: fakeJudge(2),
    truth: 'nominal',
  });
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0);
  assert.ok(Math.abs(seconds / trials - 2) < 0.3, String(seconds));
  // A round waits for the slower of the two.
  assert.ok(wallTime > seconds / 2);
});

test.run();
