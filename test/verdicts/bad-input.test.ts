import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Part } from '../../plan/model.ts';
import { createJudge } from '../../verdicts/judge.ts';
import { lintPlan } from '../../verdicts/lint/lint.ts';
import { drive, fleet, LOT, plan, setup, SUSTAINED, type Truth } from './fleet.ts';

const test = suite('bad input');

const run = (of: ReturnType<typeof setup>, truth: Truth) => drive(createJudge(of), of, truth);
const at =
  (level: number): NonNullable<Truth['value']> =>
  (_subject, _of, _metric, noise) =>
    level * (1 + 0.01 * noise());

test('a lot of one node is decided by the sign rule, and by nothing where its risk is not bought', () => {
  const one = setup({ nodes: fleet(1) });
  const decided = {
    ...one,
    plan: plan({ decision: { ...one.plan.decision, consumerRisk: 0.04 } }),
  };
  assert.is(run(decided, { value: at(740e12) }).verdict.lot.verdict, 'accept');
  assert.is(run(decided, { value: at(660e12) }).verdict.lot.verdict, 'reject');
  const few = plan({ decision: { ...one.plan.decision, maxTrials: 2 } });
  const short = run({ ...one, plan: few }, { value: at(740e12) });
  assert.is(short.verdict.lot.verdict, 'inconclusive', short.verdict.lot.reasons.join('; '));
});

test('a lot of one node is not sampled', () => {
  const sampling = { accept: 0.01, reject: 0.1 };
  const delivery = { ...plan().delivery, count: 1 };
  const told = plan({ delivery, decision: { ...plan().decision, sampling } });
  const remarks = lintPlan(told, []);
  assert.match(remarks.map(({ message }) => message).join('\n'), /one unit is too few to sample/u);
  const consumerRisk = 0.04;
  const of = setup({
    nodes: fleet(1),
    plan: plan({ decision: { ...plan().decision, sampling, consumerRisk } }),
  });
  assert.is(run(of, { value: at(660e12) }).verdict.lot.verdict, 'reject');
});

test('constant data, whose MAD is 0, neither hides the one part that differs nor blames another', () => {
  const odd = (value: number): Truth => ({
    value: (subject) =>
      subject.kind === 'accelerator' && subject.accelerator === 'GPU-4-1' ? value : 740e12,
  });
  const slow = run(setup(), odd(690e12)).verdict;
  assert.equal(
    slow.nodes.filter((node) => node.verdict === 'fail').map(({ id }) => id),
    ['n0004'],
  );
  // Odd among its peers, and conforming: shown, measured again, accepted.
  const conforming = run(setup(), odd(720e12)).verdict;
  assert.is(conforming.lot.verdict, 'accept', conforming.lot.reasons.join('; '));
  assert.match(conforming.notes.join('\n'), /GPU-4-1/u);
});

test('a value that is zero, negative or infinite passes nobody', () => {
  for (const value of [0, -740e12, Number.NEGATIVE_INFINITY]) {
    const { verdict } = run(setup(), {
      value: (subject, of, metric, noise) =>
        subject.kind === 'accelerator' && subject.accelerator === 'GPU-2-0'
          ? value
          : at(740e12)(subject, of, metric, noise),
    });
    assert.equal(
      verdict.nodes.filter((node) => node.verdict !== 'pass').map((one) => [one.id, one.verdict]),
      [['n0002', 'fail']],
      String(value),
    );
  }
});

test('a criterion on the whole of a sampled lot asks for a census: an error, or a warning where it is shown only', () => {
  const whole = { ...SUSTAINED, id: 'whole', metric: 'nccl.all_reduce.busbw', per: 'lot' as const };
  const remarksOn = (mandatory: boolean) =>
    lintPlan(
      plan({
        delivery: { ...plan().delivery, count: 1000 },
        decision: { ...plan().decision, sampling: { accept: 0.005, reject: 0.02 } },
        criteria: [{ ...whole, where: LOT.parameters, mandatory }],
      }),
      [],
    ).filter((one) => one.criterion === 'whole' && one.message.includes('census'));
  assert.equal(
    remarksOn(true).map((one) => one.level),
    ['error'],
  );
  assert.equal(
    remarksOn(false).map((one) => one.level),
    ['warning'],
  );
});

test('a figure of the catalogue without its source does not compile', () => {
  const part: Pick<Part, 'peaks'> = {
    // @ts-expect-error a Sourced figure needs its source
    peaks: { bf16: { value: 989e12 } },
  };
  assert.ok(part);
});

test.run();
