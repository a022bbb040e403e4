/** Blocks `otava` and `cusum_arl_one_sided` of the vectors, and Otava's own test series, at 1e-9 or the printed digits. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cusumRunLength, siegmundRunLength } from '../../../verdicts/changes/cusum-run-length.ts';
import {
  bestSplit,
  changePoints,
  divergence,
  type DivisiveOptions,
} from '../../../verdicts/changes/e-divisive.ts';
import { PLAIN, sideOf, twoSidedP } from '../../../verdicts/changes/t-test.ts';

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/vectors/${name}`, import.meta.url), 'utf8'));
const { otava, cusum_arl_one_sided: runLengths } = read('stats-vectors.json');
const tigerbeetle: {
  series: number[];
  vectors: { window: number; p: number; magnitude: number; points: number[] }[];
} = read('otava-tigerbeetle.json');

/** Otava's own settings, its ddof among them. */
function asOtava(window: number, maxP: number, minMagnitude: number): DivisiveOptions {
  return { window, maxP, minMagnitude, ddof: 0, renew: 'right', widening: PLAIN };
}

function near(actual: number, expected: number, tolerance = 1e-9) {
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${actual} is not ${expected}`);
}

test('Otava: one step, its point, its p and its sides', () => {
  const { x, window, max_pvalue, cp, pvalue, mean, std_ddof0, qhat } = otava.single_series;
  const points = changePoints(x, asOtava(window, max_pvalue, 0));
  assert.equal(
    points.map((one) => one.index),
    cp,
  );
  const point = points[0] as (typeof points)[number];
  near(point.p, pvalue);
  near(point.before.mean, mean[0]);
  near(point.after.mean, mean[1]);
  near(point.before.deviation, std_ddof0[0]);
  near(point.after.deviation, std_ddof0[1]);
  // The candidate is the best of the window in which it was found: points 5 to 15.
  assert.ok(qhat > 0);
});

test('Otava: Q and where it is largest', () => {
  const { x, argmax_tau, qmax, Q_5_8, Q_8_14 } = otava.sequence;
  const best = bestSplit(x, 0, x.length);
  assert.is(best.index, argmax_tau);
  near(best.q, qmax);
  near(divergence(x, 0, 5, 8), Q_5_8);
  near(divergence(x, 0, 8, 14), Q_8_14);
});

test('Otava: its t-test, and the right one', () => {
  for (const one of otava.ttest_quirk) {
    const p = (ddof: 0 | 1) =>
      twoSidedP(
        sideOf(one.left, 0, one.left.length, ddof),
        sideOf(one.right, 0, one.right.length, ddof),
      );
    near(p(0), one.p_otava_ddof0);
    if (one.p_correct_ddof1 !== undefined) near(p(1), one.p_correct_ddof1);
  }
});

test('Otava: short series', () => {
  for (const one of otava.short) {
    const points = changePoints(one.x, asOtava(50, 0.001, 0));
    assert.equal(
      points.map((point) => point.index),
      one.cp,
    );
    const expected: number[] = Array.isArray(one.p) ? one.p : [one.p];
    for (const [at, p] of expected.entries()) near(points[at]?.p as number, p);
  }
});

test('Otava: the Tigerbeetle series, every case of its tests and of the vectors', () => {
  const cases = [
    ...tigerbeetle.vectors,
    ...otava.tigerbeetle.cases.map((one: { w: number; p: number; mag: number; cp: number[] }) => ({
      window: one.w,
      p: one.p,
      magnitude: one.mag,
      points: one.cp,
    })),
  ];
  for (const { window, p, magnitude, points } of cases) {
    assert.equal(
      changePoints(tigerbeetle.series, asOtava(window, p, magnitude)).map((one) => one.index),
      points,
      `window ${window}, p ${p}, magnitude ${magnitude}`,
    );
  }
});

test('CUSUM run lengths', () => {
  for (const row of runLengths) {
    // Printed to two decimals, or to four digits.
    const tolerance = row.arl0 > 1e6 ? 5e-4 : 0.005 / row.arl0;
    near(cusumRunLength(row.k, row.h), row.arl0, tolerance);
    if (row.two_sided_arl0 !== undefined) {
      near(cusumRunLength(row.k, row.h) / 2, row.two_sided_arl0, 0.006 / row.two_sided_arl0);
    }
    for (const shift of [1, 2, 3]) {
      const expected = row[`arl1_${shift}`];
      if (expected !== undefined) {
        near(cusumRunLength(row.k, row.h, shift), expected, 0.005 / expected);
      }
    }
  }
});

test('the default threshold gives 0.1 false alarms a night among 500,000 series', () => {
  assert.ok(cusumRunLength(1.5, 4.5) > 4.4e6);
  assert.ok(Math.abs(siegmundRunLength(1.5, 4.5) / 5e6 - 1) < 0.1);
});

test('no change is found where nothing changes, and none in a series too short to have one', () => {
  const options = { ...asOtava(50, 0.05, 0), ddof: 1, renew: 'both' } as const;
  for (const values of [[], [1], [1, 2], [5, 5, 5, 5, 5, 5]]) {
    assert.equal(changePoints(values, options), []);
  }
});

test.run();
