/** The scores of change points against annotators, on the worked examples of the benchmark that defined them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { covering, f1 } from '../../bench/nightly/annotated.ts';

const near = (actual: number, expected: number) => {
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
};

test('F1', () => {
  near(f1([[10, 20], [11, 20], [10], [0, 5]], [10, 20]), 1);
  near(f1([[], [10], [50]], [10]), 0.9090909090909091);
  near(f1([[], [10], [50]], []), 0.8);
});

test('covering', () => {
  near(covering([[10, 20], [10], [0, 5]], [10, 20], 45), 0.7962962962962963);
  near(covering([[], [10], [40]], [10], 45), 0.7954144620811286);
  near(covering([[], [10], [40]], [], 45), 0.8189300411522634);
});

test.run();
