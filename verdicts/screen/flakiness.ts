/** Flakiness: parts of which single trials fall far short now and then. Shown; it fails nobody. */
import type { Criterion } from '../../plan/model.ts';
import type { Cell } from '../criteria/cells.ts';
import type { Rule } from '../decision/rule.ts';
import { count, nameOf, some } from '../show.ts';
import { bernoulliSprt, bernoulliWord } from '../statistics/sprt.ts';

/** A trial short of the limit by so many sigma is wild. */
const WILD = -4;
/** STATISTICS 2.3: one wild trial in a hundred is borne, one in twenty is not. */
const LINES = bernoulliSprt({ p0: 0.01, p1: 0.05, alpha: 0.05, beta: 0.1 });

/** A note that names the parts whose trials reject "one wild trial in a hundred" without failing. */
export function flakyNotes(
  criterion: Criterion,
  cells: Iterable<Cell>,
  rule: Rule,
  logRatio: (value: number) => number,
): string[] {
  if (rule.kind !== 'mixture') return [];
  const flaky: string[] = [];
  for (const cell of cells) {
    if (cell.word === 'fail') continue;
    const wild = cell.values.filter((value) => logRatio(value) / rule.sigma < WILD).length;
    if (wild === 0 || bernoulliWord(LINES, wild, cell.values.length) !== 'reject') continue;
    flaky.push(`${nameOf(cell.subject)} (${wild} of ${count(cell.values.length, 'trial')})`);
  }
  return flaky.length === 0
    ? []
    : [`${criterion.id}: flaky, single trials far short of the bound: ${some(flaky.sort(), 10)}`];
}
