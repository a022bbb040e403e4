/** Is `nominal` what it should be, the low end of the good parts that are there? */
import type { Criterion } from '../../plan/model.ts';
import type { Metric } from '../../suites/model.ts';
import type { Finding } from '../model.ts';
import { show, showBeside } from '../show.ts';
import { percentileType7 } from '../statistics/percentile.ts';
import type { Remark } from './model.ts';

/** Parts of which one in twenty is one. */
const ENOUGH = 20;
const LOW_END = 0.05;

/** What a run tells of the parts that did not fail: their estimates, in Metric.unit. */
export function conformingValues(findings: Iterable<Finding>): readonly number[] {
  const values: number[] = [];
  for (const { verdict, estimate } of findings) {
    if (verdict !== 'fail' && estimate !== undefined) values.push(estimate.value);
  }
  return values;
}

/**
 * Warns where the 5 % quantile of the parts that do not fail lies on the bad side of nominal: parts like
 * these need more trials than the plan's resolution promises.
 *
 * @param values one a part that did not fail, in any order
 * @see STATISTICS.md 2.3
 */
export function cohortRemark(
  criterion: Criterion,
  values: readonly number[],
  metric: Metric | undefined,
): Remark | undefined {
  const { id, nominal, bound, decide } = criterion;
  if (decide !== 'level' || nominal === undefined) return undefined;
  if (values.length < ENOUGH) return undefined;
  const atLeast = bound === 'at-least';
  const sorted = [...values].sort((a, b) => a - b);
  const lowEnd = percentileType7(sorted, atLeast ? LOW_END : 1 - LOW_END);
  if (atLeast ? lowEnd >= nominal.value : lowEnd <= nominal.value) return undefined;
  const side = atLeast ? 'below' : 'above';
  return {
    level: 'warning',
    criterion: id,
    message: `nominal ${show(nominal.value, metric)} is not the low end of good parts: one in twenty of ${values.length} parts that do not fail is ${side} ${showBeside(lowEnd, nominal.value, metric)}`,
    hint: 'Set nominal to the 5 % quantile of good parts; parts between it and the limit need more trials.',
  };
}
