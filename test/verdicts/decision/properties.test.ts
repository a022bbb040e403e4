/** Properties of the decision rule (STATISTICS 8.2), seeded. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../../plan/random.ts';
import { defaultMaxTrials } from '../../../verdicts/decision/max-trials.ts';
import { spreadOf } from '../../../verdicts/decision/repeatability.ts';
import { signConfidence, signRule, signWord } from '../../../verdicts/decision/sign-rule.ts';
import {
  addRun,
  mixtureWord,
  startMixture,
  type MixtureDesign,
} from '../../../verdicts/statistics/mixture-decision.ts';
import { gaussian } from '../fleet.ts';

const REPLICATES = 20_000;

function simulate(
  design: MixtureDesign,
  mean: number,
  most: number,
  seed: number,
  wild = 0,
): { pass: number; fail: number; open: number; trials: number } {
  const noise = gaussian(seed, 'runs');
  const odd = stream(seed, 'wild');
  const counts = { pass: 0, fail: 0, open: 0, trials: 0 };
  for (let i = 0; i < REPLICATES; i += 1) {
    const state = startMixture();
    let word: 'pass' | 'fail' | undefined;
    for (let n = 0; n < most && word === undefined; n += 1) {
      addRun(state, mean + (wild > 0 && odd() < wild ? -8 : noise()), design);
      word = mixtureWord(state, design);
      counts.trials += 1;
    }
    counts[word ?? 'open'] += 1;
  }
  return counts;
}

/** Rows of the table in STATISTICS 2.3 under Gaussian noise; truth as a share of the way to nominal. */
const ROWS = [
  { d: 2.44, truth: 1, pass: 1, fail: 0, mean: 3.65 },
  { d: 2.44, truth: 0.75, pass: 0.9995, fail: 0, mean: 5.7 },
  { d: 2.44, truth: 0.5, pass: 0.828, fail: 0, mean: 10.9 },
  { d: 2.44, truth: 0, pass: 0.0002, fail: 0.00003, mean: 16 },
  { d: 2.44, truth: -1, pass: 0, fail: 1, mean: 4.3 },
  { d: 4, truth: 1, pass: 1, fail: 0, mean: 2.2 },
  { d: 4, truth: 0.5, pass: 0.99997, fail: 0, mean: 5.02 },
  { d: 4, truth: 0, pass: 0.0001, fail: 0.00002, mean: 16 },
  { d: 4, truth: -0.5, pass: 0, fail: 0.9997, mean: 6.07 },
  { d: 6, truth: 1, pass: 1, fail: 0, mean: 2 },
] as const;

for (const [i, row] of ROWS.entries()) {
  test(`operating characteristic at d = ${row.d}, truth ${row.truth}`, () => {
    const design = { d: row.d, alpha: 0.001, beta: 1e-4 };
    const seen = simulate(design, row.truth * row.d, 16, i);
    for (const word of ['pass', 'fail'] as const) {
      const share = row[word];
      // The table's own 200,000 replicates and its rounding are part of the error.
      const variance = Math.max(share * (1 - share), 2e-5) * (1 / REPLICATES + 1 / 200_000);
      const off = Math.abs(seen[word] / REPLICATES - share);
      assert.ok(
        off <= 3 * Math.sqrt(variance) + 1e-4,
        `${word} ${seen[word] / REPLICATES}, not ${share}`,
      );
    }
    assert.ok(
      Math.abs(seen.trials / REPLICATES - row.mean) < 0.015 * row.mean,
      `${seen.trials / REPLICATES} trials`,
    );
  });
}

test('both error rates hold at every true value', () => {
  for (const d of [2, 3, 6]) {
    for (const share of [-1, -0.5, -0.2, 0, 0.2, 0.5, 1]) {
      // Risks large enough to be seen in so few replicates.
      const design = { d, alpha: 0.01, beta: 0.01 };
      const seen = simulate(design, share * d, 24, 100 + d);
      const most = 0.01 * REPLICATES + 3 * Math.sqrt(0.01 * REPLICATES);
      if (share <= 0) assert.ok(seen.pass <= most, `${seen.pass} passes at ${share} of d ${d}`);
      if (share >= 0) assert.ok(seen.fail <= most, `${seen.fail} fails at ${share} of d ${d}`);
    }
  }
});

test('no single run decides, and one wild run buries nobody', () => {
  const design = { d: 6, alpha: 0.001, beta: 1e-7 };
  for (const y of [Infinity, 1e6, -1e6, -Infinity]) {
    const state = startMixture();
    addRun(state, y, design);
    assert.is(mixtureWord(state, design), undefined);
  }
  const seen = simulate({ d: 4, alpha: 0.001, beta: 1e-4 }, 4, 16, 7, 0.01);
  assert.ok(seen.pass / REPLICATES > 0.999);
});

test('the default of max-trials leaves no part of a nominal lot undecided', () => {
  assert.ok(defaultMaxTrials({ d: 2.44, alpha: 0.001, beta: 1e-7 }, 1e5) <= 19);
  assert.ok(defaultMaxTrials({ d: 4, alpha: 0.001, beta: 1e-7 }, 1e5) <= 8);
  assert.ok(defaultMaxTrials({ d: 6, alpha: 0.001, beta: 1e-7 }, 1e5) >= 2);
  const few = { d: 2.44, alpha: 0.001, beta: 1e-4 };
  const most = defaultMaxTrials(few, 1);
  const seen = simulate(few, 2.44, most, 3);
  assert.ok(seen.open <= 8, `${seen.open} of ${REPLICATES} undecided after ${most}`);
  const one = simulate(few, 2.44, most - 1, 3);
  assert.ok(one.open > 0, 'one trial less would do as well');
});

test('pooled repeatability from pairs, beside the classical, with the spread between parts', () => {
  const noise = gaussian(5, 'repeatability');
  const parts = Array.from({ length: 2000 }, () => {
    const own = 0.02 * noise();
    return [own + 0.01 * noise(), own + 0.01 * noise()];
  });
  const spread = spreadOf(parts);
  assert.ok(spread !== undefined);
  assert.ok(Math.abs((spread?.sigma ?? 0) / 0.01 - 1) < 0.06);
  assert.ok(Math.abs((spread?.classical ?? 0) / 0.01 - 1) < 0.04);
  assert.ok(Math.abs((spread?.between ?? 0) / 0.02 - 1) < 0.08);
  assert.is(spread?.degrees, 2000);
  assert.is(spreadOf([[1], [2]]), undefined);
  assert.is(
    spreadOf([
      [0, 0],
      [0, 0],
    ])?.sigma,
    1e-4,
  );
});

test('the sign rule claims what its trials buy', () => {
  assert.is(signRule(0.032, undefined, '').trials, 5);
  assert.is(signRule(0.001, undefined, '').trials, 10);
  assert.is(signRule(0.001, 5, '').bought, false);
  const rule = signRule(0.032, undefined, '');
  assert.is(signWord([true, true, true, true], rule), undefined);
  assert.is(signWord([true, true, true, true, true], rule), 'pass');
  assert.is(signWord([false, false, false, false, false], rule), 'fail');
  assert.is(signWord([true, false], rule), 'inconclusive');
  assert.is(signWord([true, true, true, true, true], signRule(0.001, 5, '')), 'inconclusive');
  assert.is(signConfidence(5), '96.9 %');
  assert.is(signConfidence(10), '99.902 %');
});

test.run();
