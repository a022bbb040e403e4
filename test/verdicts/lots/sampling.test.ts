import hypergeometricCdf from '@stdlib/stats-base-dists-hypergeometric-cdf';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../../plan/random.ts';
import { createJudge } from '../../../verdicts/judge.ts';
import { runningTotal } from '../../../verdicts/lots/running-total.ts';
import { sampleWord } from '../../../verdicts/lots/sampling.ts';
import { effectiveSize, intraclassCorrelation } from '../../../verdicts/statistics/clustering.ts';
import { defectsAt, findSamplingPlan } from '../../../verdicts/statistics/sampling-plan.ts';
import { drive, fleet, plan, setup, type Truth } from '../fleet.ts';

test('a plan holds both risks, and one unit less breaks one of them', () => {
  const random = stream(1, 'plans');
  for (let i = 0; i < 60; i += 1) {
    const lot = 20 + Math.floor(random() * 1980);
    const accept = 0.002 + random() * 0.02;
    const risks = { accept, alpha: 0.05, reject: accept * (2.5 + random() * 5), beta: 0.1 };
    const found = findSamplingPlan(lot, risks);
    if (found === 'census') continue;
    const { d0, d1 } = defectsAt(lot, risks);
    const holds = (n: number) =>
      hypergeometricCdf(found.c, lot, d0, n) >= 0.95 &&
      hypergeometricCdf(found.c, lot, d1, n) <= 0.1;
    assert.ok(holds(found.n), `${lot} ${JSON.stringify(found)}`);
    if (found.n > 1) assert.not.ok(holds(found.n - 1));
  }
});

test('a lot that is too small to sample is counted whole', () => {
  assert.is(
    findSamplingPlan(20, { accept: 0.05, alpha: 0.05, reject: 0.05, beta: 0.05 }),
    'census',
  );
});

test('the sequential plan needs fewer units than the single one, at its risks', () => {
  const sampling = { accept: 0.005, reject: 0.02 };
  const tally = { accept: 0, reject: 0, units: 0 };
  const bad = { accept: 0, reject: 0 };
  for (const [defects, counts] of [
    [5, tally],
    [20, bad],
  ] as const) {
    for (let seed = 0; seed < 300; seed += 1) {
      const random = stream(seed, 'lot', defects);
      let left = defects;
      let failed = 0;
      for (let n = 1; n <= 1000; n += 1) {
        if (random() < left / (1001 - n)) {
          left -= 1;
          failed += 1;
        }
        const word = sampleWord(1000, sampling, { n, failed, open: 0 });
        if (word === undefined) continue;
        counts[word] += 1;
        if (counts === tally) tally.units += n;
        break;
      }
    }
  }
  assert.ok(tally.reject / 300 <= 0.08, `${tally.reject} good lots rejected`);
  assert.ok(bad.accept / 300 <= 0.08, `${bad.accept} bad lots accepted`);
  assert.ok(tally.units / 300 < 303, `${tally.units / 300} units on average`);
});

test('a sampled lot is decided on the units drawn, and says what was not', () => {
  const decision = { ...plan().decision, sampling: { accept: 0.01, reject: 0.1 } };
  const of = setup({
    nodes: fleet(200, 2),
    plan: plan({ decision, delivery: { ...plan().delivery, acceleratorsPerNode: 2 } }),
  });
  const truth = (bad: number): Truth => ({
    value: (subject, _of, _metric, noise) =>
      (subject.kind === 'accelerator' && Number(subject.node.slice(1)) % 100 < bad
        ? 650e12
        : 745e12) *
      (1 + 0.01 * noise()),
  });
  const good = drive(createJudge(of), of, truth(0));
  assert.is(good.verdict.lot.verdict, 'accept', good.verdict.lot.reasons.join('; '));
  assert.ok(good.perNode.size < 200 && good.perNode.size >= 20, `${good.perNode.size} drawn`);
  const row = good.verdict.coverage.find((one) => one.criterion === 'bf16-sustained');
  assert.is(row?.sampled?.n, good.perNode.size);
  assert.is(row?.planned, 2 * good.perNode.size);
  assert.equal(row?.gaps, []);
  const bad = drive(createJudge(of), of, truth(20));
  assert.is(bad.verdict.lot.verdict, 'reject', bad.verdict.lot.reasons.join('; '));
  const silent = drive(createJudge(of), of, { value: () => undefined });
  assert.ok(silent.verdict.lot.verdict !== 'accept');
});

test('the bound over all tranches', () => {
  assert.is(runningTotal([]), undefined);
  const total = runningTotal([
    { tested: 400, nonconforming: 5 },
    { tested: 600, nonconforming: 7 },
  ]);
  assert.ok(Math.abs((total?.upper ?? 0) - 0.019370199285059248) < 1e-12);
});

test('clustered defects make a sample worth less', () => {
  assert.is(Math.floor(effectiveSize(303, 8, 0.2)), 126);
  const clustered = [
    [1, 1, 1, 1],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ];
  assert.ok((intraclassCorrelation(clustered) ?? 0) > 0.99);
  assert.is(intraclassCorrelation([[1, 0]]), undefined);
});

test.run();
