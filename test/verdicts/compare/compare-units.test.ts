import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../../plan/random.ts';
import { compareUnits, type Unit } from '../../../verdicts/compare/compare-units.ts';

const test = suite('comparison of two sets of units');

const near = (one: number | undefined, other: number, within = 1e-6) =>
  assert.ok(Math.abs((one ?? NaN) - other) <= within, `${one} is not ${other}`);
const partsOf = (...parts: (readonly number[])[]) =>
  parts.map((values, at) => ({ id: String(at), values }));
const single = (values: readonly number[], name = 'u'): Unit[] =>
  values.map((value, at) => ({ id: `${name}${at}`, parts: partsOf([value]) }));

test("Welch's interval of two independent samples", () => {
  // Means 0.916667 and 3.6; degrees of freedom by Welch and Satterthwaite.
  const effect = compareUnits(single([-1, 0, 3, 4.5, -2, 1]), single([2, 5, 1, 7, 3], 'v'), 0.95);
  assert.is(effect?.kind, 'difference');
  assert.is(effect?.method, 'welch');
  near(effect?.value, 2.683333, 1e-6);
  const [a, b] = [variance([-1, 0, 3, 4.5, -2, 1]) / 6, variance([2, 5, 1, 7, 3]) / 5];
  const degrees = (a + b) ** 2 / (a ** 2 / 5 + b ** 2 / 4);
  near(degrees, 8.711, 1e-2);
  // t(0.975, 8.711) = 2.2740 by interpolation of tables (8: 2.3060, 9: 2.2622).
  near(((effect?.interval?.[1] ?? 0) - (effect?.value ?? 0)) / Math.sqrt(a + b), 2.274, 3e-3);
});

test('the same units before and after are their own controls', () => {
  const before = [100, 110, 120, 130];
  const effect = compareUnits(single(before), single(before.map((one) => one * 1.03)), 0.95);
  assert.is(effect?.method, 'paired');
  near(effect?.value, 1.03);
  near(effect?.interval?.[0], 1.03);
  near(effect?.interval?.[1], 1.03);
});

test('more trials and more parts do not stand in for more units', () => {
  const random = stream(5, 'compare');
  const units = (name: string, trials: number): Unit[] =>
    Array.from({ length: 6 }, (_, at) => {
      const level = 100 + at;
      const part = () => Array.from({ length: trials }, () => level * (1 + 1e-4 * random()));
      return { id: `${name}${at}`, parts: partsOf(...Array.from({ length: 8 }, part)) };
    });
  const width = (trials: number) => {
    const { interval } = compareUnits(units('a', trials), units('b', trials), 0.95) ?? {};
    return (interval?.[1] ?? NaN) - (interval?.[0] ?? NaN);
  };
  near(width(50) / width(1), 1, 0.01);
  assert.is(compareUnits(units('a', 3), units('b', 3), 0.95)?.level, 'unit');
});

test('one unit a side is compared by its parts, one part by its trials, one value without an interval', () => {
  const one = (...parts: number[][]): Unit[] => [{ id: 'x', parts: partsOf(...parts) }];
  assert.is(compareUnits(one([1, 2], [3]), one([2], [4]), 0.95)?.level, 'part');
  assert.is(compareUnits(one([1, 2]), one([2, 3]), 0.95)?.level, 'trial');
  const alone = compareUnits(one([1]), one([2]), 0.95);
  assert.is(alone?.value, 2);
  assert.is(alone?.interval, undefined);
  assert.is(compareUnits([], one([1]), 0.95), undefined);
});

test('turned round, a ratio is the inverse', () => {
  const [a, b] = [single([10, 11, 12]), single([20, 23, 21], 'v')];
  const [there, back] = [compareUnits(a, b, 0.95), compareUnits(b, a, 0.95)];
  near((there?.value ?? 0) * (back?.value ?? 0), 1);
  near((there?.interval?.[0] ?? 0) * (back?.interval?.[1] ?? 0), 1);
});

function variance(x: readonly number[]): number {
  const centre = x.reduce((sum, one) => sum + one, 0) / x.length;
  return x.reduce((sum, one) => sum + (one - centre) ** 2, 0) / (x.length - 1);
}

test.run();
