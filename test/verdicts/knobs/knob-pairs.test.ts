import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '../../../suites/model.ts';
import { createJudge } from '../../../verdicts/judge.ts';
import type { Judge } from '../../../verdicts/model.ts';
import { drive, fleet, LINKS, PAIR, plan, setup, type Truth } from '../fleet.ts';

const half = (setting: 'on' | 'off'): Case => ({
  ...PAIR,
  id: `nccl.knob.nvls.${setting}`,
  scope: 'node',
  parameters: { ...PAIR.parameters, knob: 'nvls', setting },
  gives: [{ metric: 'nccl.knob.busbw', per: 'node' }],
});

const of = (n: number) =>
  setup({
    nodes: fleet(n, 1),
    cases: [PAIR, half('on'), half('off')],
    plan: plan({ criteria: [LINKS], delivery: { ...plan().delivery, acceleratorsPerNode: 1 } }),
  });

/** 46 GB/s at 1 % noise; with the knob on, so many times that. */
const truth = (gain: number): Truth => ({
  value: (_, { parameters }, __, noise) =>
    46e9 * (parameters['setting'] === 'on' ? gain : 1) * (1 + 0.01 * noise()),
});
const note = (notes: readonly string[]) => notes.find((one) => one.startsWith('knob nvls')) ?? '';

/** Order in which halves were asked for. */
function watched(judge: Judge): { judge: Judge; order: string[] } {
  const order: string[] = [];
  return {
    order,
    judge: {
      ...judge,
      next() {
        const asked = judge.next();
        order.push(
          ...asked.requests.flatMap((one) => (one.case.includes('knob') ? [one.case] : [])),
        );
        return asked;
      },
    },
  };
}

test('a knob that works is said to, with its interval, and changes no verdict', () => {
  const setting = of(4);
  const { judge, order } = watched(createJudge(setting));
  const { verdict } = drive(judge, setting, truth(1.3));
  assert.match(
    note(verdict.notes),
    /^knob nvls \(node, 24 pairs of runs\) is better: \+(?:29|30)\.\d %/u,
  );
  assert.is(verdict.lot.verdict, 'accept', verdict.lot.reasons.join('; '));
  assert.is(order.length, 12);
  for (let at = 0; at < 12; at += 2)
    assert.is.not(order[at], order[at + 1], 'a pair is one of each');
  assert.is(new Set(order.filter((_, at) => at % 2 === 0)).size, 2, 'in random order');
});

test('a knob without effect is said to have none', () => {
  const setting = of(4);
  const { verdict } = drive(createJudge(setting), setting, truth(1));
  assert.match(
    note(verdict.notes),
    /no effect is shown: [+−]0\.\d % with it, −\d\.\d % to \+\d\.\d % at 99 %/u,
  );
  assert.is(verdict.lot.verdict, 'accept');
});

test('a knob that does harm is said to', () => {
  const setting = of(2);
  const { verdict } = drive(createJudge(setting), setting, truth(0.8));
  assert.match(note(verdict.notes), /is worse: −\d\d\.\d %/u);
});

test('halves that gave nothing are too few to tell', () => {
  const setting = of(2);
  const { verdict } = drive(createJudge(setting), setting, {
    value: (_, { parameters }, __, noise) =>
      parameters['setting'] === 'off' ? undefined : 46e9 * (1 + 0.01 * noise()),
  });
  assert.match(note(verdict.notes), /too few pairs to tell/u);
});

test.run();
