import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inventoried, ofNode, records } from '../../bin/selftest/edits.ts';
import { selftestPlan } from '../../bin/selftest/fleet.ts';
import { inLanes } from '../../bin/selftest/lanes.ts';
import type { Must, Place } from '../../bin/selftest/model.ts';
import { owed, refusal } from '../../bin/selftest/outcome.ts';
import { goodValues } from '../../bin/selftest/values.ts';
import type { SimOptions } from '../../runners/sim/options.ts';
import type { Finding, Judgement, LotWord } from '../../verdicts/model.ts';
import { LINKS, plan, SUSTAINED } from '../verdicts/fleet.ts';

const place = (node: string, suite: string): Place => ({
  node,
  trial: 0,
  step: { suite, role: suite === 'companion' ? 'companion' : 'rank' } as Place['step'],
});

test('an edit is about its node and its suite alone', () => {
  const drop = records(ofNode('n0002'), () => undefined);
  const lines = ['{"assay":1}'];
  assert.equal(drop(lines, place('n0002', 'matmul')), []);
  assert.equal(drop(lines, place('n0001', 'matmul')), lines);
  assert.equal(drop(lines, place('n0002', 'inventory')), lines);
  assert.equal(drop(lines, place('n0002', 'companion')), lines);
});

test('a tool’s text is changed as a whole, whatever the parts that it was printed in', () => {
  const part = (at: number, text: string, source = 'dmi') =>
    JSON.stringify({ assay: 1, kind: 'output', source, exit: 0, part: at, last: at === 1, text });
  const lines = ['{"x":1}', part(0, 'ser'), part(1, 'ial'), part(0, 'other', 'pci')];
  const changed = inventoried('n1', 'dmi', (text) => text.replace('serial', 'broken'));
  const [, one, pci] = changed(lines, place('n1', 'inventory'));
  assert.match(one ?? '', /"part":0,"last":true,"text":"broken"/u);
  assert.is(pci, lines[3]);
  const gone = inventoried('n1', 'dmi', () => undefined);
  assert.equal(gone(lines, place('n1', 'inventory')), [lines[0], lines[3]]);
});

test('lanes tell results in order and stop when they are asked to', async () => {
  const told: number[] = [];
  const tasks = [30, 1, 1, 1].map((ms, at) => async () => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return at;
  });
  const signal = new AbortController();
  assert.equal(await inLanes(tasks, signal.signal, (at) => told.push(at)), [0, 1, 2, 3]);
  assert.equal(told, [0, 1, 2, 3]);
  signal.abort();
  assert.equal(await inLanes(tasks, signal.signal, () => undefined), []);
});

function judged(verdict: LotWord, findings: readonly Finding[] = []): Judgement {
  const lot = { verdict, reasons: ['why'] };
  return { findings: [], verdict: { lot, findings } } as unknown as Judgement;
}

const finding: Finding = {
  criterion: 'identity',
  subject: { kind: 'node', node: 'n0002' },
  verdict: 'fail',
  reason: 'r',
  attempts: [],
};
const must: Must = {
  lot: ['reject'],
  finding: { criterion: 'identity', words: ['fail'], node: 'n0002' },
};

test('a break counts only with the finding that its rule owes', () => {
  const rejected = { verdict: 'reject', reason: '' } as const;
  assert.ok(owed(must, rejected, judged('reject', [finding])).changed);
  // Another rule caught it: this one is gone.
  assert.not(
    owed(must, rejected, judged('reject', [{ ...finding, criterion: 'readiness' }])).changed,
  );
  assert.not(owed(must, rejected, judged('accept', [finding])).changed);
  const elsewhere: Finding = { ...finding, subject: { kind: 'node', node: 'n0001' } };
  assert.is(owed(must, rejected, judged('reject', [elsewhere])).expected, 'identity fail on n0002');
});

test('a run that verifies, or has a verdict, has not been refused or interrupted', () => {
  const refused: Must = { refused: /evidence/u };
  assert.not(owed(refused, refusal([], refused)).changed);
  assert.not(owed(refused, refusal(['plan.json: other'], refused)).changed);
  assert.ok(owed(refused, refusal(['plan.json: other', 'evidence/1: gone'], refused)).changed);
  assert.not(owed({ unsealed: true }, { verdict: 'accept', reason: '' }).changed);
});

test('a plan for real nodes gets parts that are good by its own limits', () => {
  const time = {
    ...LINKS,
    id: 'time',
    metric: 'nccl.all_reduce.time',
    where: { scope: 'node', bytes: 2 ** 30 },
    bound: 'at-most' as const,
    limit: { value: 4e-3, source: 'c' },
    nominal: { value: 3.5e-3, source: 'c' },
  };
  const values = goodValues(plan({ criteria: [SUSTAINED, LINKS, time] }));
  const valueOf = (metric: string) => values.filter((one) => one.metric === metric)[0]?.value ?? 0;
  assert.ok(valueOf('matmul.gemm.throughput') > 735e12);
  assert.ok(valueOf('nccl.all_reduce.busbw') > 44e9);
  const busbw = values[2]?.value ?? 0;
  // 1 GiB over 8 ranks in 3.5 ms or less.
  assert.ok((2 ** 30 * 1.75) / busbw < 3.5e-3);
});

test('a simulated plan keeps its parts and loses its faults, and one bad node is too many', () => {
  const simulated = plan({
    delivery: { ...plan().delivery, count: 300 },
    decision: { ...plan().decision, nonconforming: 100 },
    fleet: {
      ...plan().fleet,
      options: {
        nodes: 300,
        truth: { within: 0.01, metrics: {} },
        values: ['own'],
        faults: [{ kind: 'slow' }],
      },
    },
  });
  const small = selftestPlan(simulated);
  const options = small.fleet.options as SimOptions;
  assert.is(options.nodes, 3);
  assert.equal(options.faults, []);
  assert.equal(options.values, ['own'] as never);
  assert.is(small.delivery.count, 3);
  assert.is(small.decision.nonconforming, 0);
  assert.equal(small.decision.sigma, { 'matmul.gemm.throughput': 0.01 });
});

test.run();
