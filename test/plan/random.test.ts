import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shuffle, stream } from '../../plan/random.ts';

test('the same seed and name give the same draws, another name gives others', () => {
  const draw = (...names: (string | number)[]) => {
    const random = stream(7, ...names);
    return [random(), random(), random()];
  };
  assert.equal(draw('matching', 3), draw('matching', 3));
  assert.not.equal(draw('matching', 3), draw('matching', 4));
});

test('draws are uniform in [0, 1)', () => {
  const random = stream(1, 'uniform');
  const draws = Array.from({ length: 20_000 }, random);
  assert.ok(draws.every((value) => value >= 0 && value < 1));
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  assert.ok(Math.abs(mean - 0.5) < 0.01);
});

test('shuffle keeps every item once', () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  assert.equal(
    shuffle(items, stream(1, 'x')).sort((a, b) => a - b),
    items,
  );
});

test.run();
