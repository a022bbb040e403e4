import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Criterion } from '../../../plan/model.ts';
import { createJudge } from '../../../verdicts/judge.ts';
import { cohortRemark as remarkOn, conformingValues } from '../../../verdicts/lint/cohort.ts';
import type { Finding } from '../../../verdicts/model.ts';
import { drive, setup, SUSTAINED } from '../fleet.ts';

const test = suite('nominal against the cohort');

const cohortRemark = (criterion: Criterion, findings: readonly Finding[], metric: undefined) =>
  remarkOn(criterion, conformingValues(findings), metric);

const finding = (value: number, at: number, verdict: Finding['verdict'] = 'pass'): Finding => ({
  criterion: SUSTAINED.id,
  subject: { kind: 'node', node: `n${at}` },
  verdict,
  estimate: { value, n: 2 },
  reason: '',
  attempts: [],
});
/** Parts from 731 to 770 TFLOP/s; nominal is 735. */
const values = Array.from({ length: 40 }, (_, at) => (731 + at) * 1e12);

test('a nominal above the 5 % quantile is warned of, with both figures', () => {
  const remark = cohortRemark(
    SUSTAINED,
    values.map((value, at) => finding(value, at)),
    undefined,
  );
  assert.is(remark?.level, 'warning');
  assert.is(remark?.criterion, SUSTAINED.id);
  assert.match(remark?.message ?? '', /of 40 parts that do not fail is below 73[23]/u);
});

test('a nominal at the low end of good parts is not, however many bad ones there are', () => {
  const good = values.slice(5).map((value, at) => finding(value, at));
  const bad = values.map((_, at) => finding(600e12, 100 + at, 'fail'));
  assert.is(cohortRemark(SUSTAINED, [...good, ...bad], undefined), undefined);
});

test('where less is better the quantile is the other one', () => {
  const { nominal: _nominal, ...rest } = SUSTAINED;
  const criterion: Criterion = {
    ...rest,
    bound: 'at-most',
    limit: { value: 800e12, source: 'test' },
    nominal: { value: 760e12, source: 'test' },
  };
  const remark = cohortRemark(
    criterion,
    values.map((value, at) => finding(value, at)),
    undefined,
  );
  assert.match(remark?.message ?? '', /is above 76[89]/u);
  const wide = { ...criterion, nominal: { value: 770e12, source: 'test' } };
  assert.is(
    cohortRemark(
      wide,
      values.map((value, at) => finding(value, at)),
      undefined,
    ),
    undefined,
  );
});

test('few parts, no nominal, or parts without a value say nothing', () => {
  const few = values.slice(0, 19).map((value, at) => finding(value, at));
  assert.is(cohortRemark(SUSTAINED, few, undefined), undefined);
  const { nominal: _nominal, ...without } = SUSTAINED;
  const all = values.map((value, at) => finding(value, at));
  assert.is(cohortRemark(without, all, undefined), undefined);
  const silent = all.map(({ estimate: _estimate, ...rest }) => rest);
  assert.is(cohortRemark(SUSTAINED, silent, undefined), undefined);
});

test('a verdict notes it of the parts that were measured, and no word rests on it', () => {
  const of = setup();
  const judged = (spread: number) =>
    drive(createJudge(of), of, {
      value: (subject, _of, _metric, noise) =>
        (subject.kind === 'accelerator' ? 745e12 * (1 + spread * share(subject.node)) : 0) *
        (1 + 0.005 * noise()),
    }).verdict;
  const share = (node: string) => (Number(node.slice(1)) - 8.5) / 8.5;
  assert.match(
    judged(0.025).notes.join('\n'),
    /bf16-sustained: nominal 735\.\d TFLOP\/s is not the low end/u,
  );
  assert.is(judged(0.025).lot.verdict, 'accept');
  assert.not.match(judged(0).notes.join('\n'), /low end/u);
});

test.run();
