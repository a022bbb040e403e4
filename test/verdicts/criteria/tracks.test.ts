import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Criterion } from '../../../plan/model.ts';
import type { Case, Metric } from '../../../suites/model.ts';
import { createJudge } from '../../../verdicts/judge.ts';
import type { JudgedReading, JudgeSetup } from '../../../verdicts/model.ts';
import { drive, fleet, GEMM, PAIR, LINKS, plan, setup, SUSTAINED } from '../fleet.ts';

const TTFT: Metric = {
  id: 'inference.ttft',
  unit: 's',
  display: { unit: 'ms', factor: 1e3, digits: 0 },
  better: 'lower',
  source: 'test',
};
const LOAD: Case = {
  id: 'inference.load',
  suite: 'inference',
  parameters: { model: 'm' },
  scope: 'node',
  gives: [{ metric: TTFT.id, per: 'node' }],
  expected: 60,
};
const { nominal: _nominal, ...base } = SUSTAINED;
const TAIL: Criterion = {
  ...base,
  id: 'ttft-p99',
  metric: TTFT.id,
  where: {},
  per: 'node',
  decide: 'tail',
  bound: 'at-most',
  limit: { value: 0.45, source: 'Annex E' },
};

/** Drives one node through windows with these tallies; the last one is repeated. */
function tail(tallies: readonly { over: number; of: number }[]) {
  const of: JudgeSetup = setup({
    nodes: fleet(1),
    cases: [LOAD],
    metrics: [TTFT],
    plan: plan({ criteria: [TAIL] }),
  });
  const judge = createJudge(of);
  let windows = 0;
  for (;;) {
    const { requests } = judge.next();
    if (requests.length === 0) break;
    for (const { groups, why } of requests) {
      for (const nodes of groups) {
        const id = `inference.load@n0001#${windows}`;
        const trial = { id, case: LOAD.id, nodes, ordinal: windows, round: 0, why };
        const reading: JudgedReading = {
          kind: 'sample',
          metric: TTFT.id,
          subject: { kind: 'node', node: 'n0001' },
          parameters: LOAD.parameters,
          value: 0.4,
          tally: tallies[Math.min(windows, tallies.length - 1)] as { over: number; of: number },
          attempt: `${id}/0`,
          evidence: { stream: '', sha256: '', line: 1 },
          origin: 'simulated',
        };
        windows += 1;
        judge.observe(
          {
            id: `${id}/0`,
            trial,
            ordinal: 0,
            startedAt: '',
            seconds: 60,
            exits: [],
            outcome: { status: 'measured' },
          },
          [reading],
        );
      }
    }
  }
  return { ...judge.decide().verdict, windows };
}

test('a tail passes when each of three windows shows it', () => {
  const clean = tail([{ over: 0, of: 459 }]);
  assert.is(clean.lot.verdict, 'accept', clean.lot.reasons.join('; '));
  assert.is(clean.windows, 3);
  assert.is(tail([{ over: 1, of: 662 }]).lot.verdict, 'accept');
});

test('too few requests are no verdict, and a fat tail fails', () => {
  assert.is(tail([{ over: 0, of: 458 }]).lot.verdict, 'inconclusive');
  assert.is(tail([{ over: 0, of: 0 }]).lot.verdict, 'not-tested');
  assert.is(tail([{ over: 60, of: 600 }]).lot.verdict, 'reject');
});

test('what telemetry shows of a slow part is in its finding', () => {
  const of: JudgeSetup = {
    ...setup({ nodes: fleet(8) }),
    attribute: (values) =>
      [...values].some((one) => one.field === 'hot') ? 'thermal' : 'unexplained',
  };
  const judge = createJudge(of);
  const heated = {
    ...judge,
    observe: (attempt: Parameters<typeof judge.observe>[0], readings: Iterable<JudgedReading>) => {
      const node = attempt.trial.nodes[0] as string;
      const field = node === 'n0002' ? 'hot' : 'cold';
      return judge.observe(attempt, [
        ...readings,
        { kind: 'telemetry', node, at: 0, field, value: 1 },
      ]);
    },
  };
  const result = drive(heated, of, {
    value: (subject, _of, _metric, noise) =>
      (subject.kind === 'accelerator' && /^GPU-[26]-3/u.test(subject.accelerator)
        ? 650e12
        : 740e12) *
      (1 + 0.01 * noise()),
  });
  const failing = [...result.findings].filter((one) => one.verdict === 'fail');
  assert.equal(
    failing.map((one) => one.cause),
    ['thermal', 'unexplained'],
  );
});

test('a group that failed without a culprit casts doubt on its nodes; with others to ask the guilty is named', () => {
  const of = setup({
    nodes: fleet(8),
    cases: [GEMM, PAIR],
    plan: plan({ criteria: [SUSTAINED, LINKS] }),
  });
  const failing = (suspects: readonly string[], nodes = of.nodes) =>
    drive(
      createJudge({ ...of, nodes }),
      { ...of, nodes },
      {
        value: (_s, one, _m, noise) => (one.id === GEMM.id ? 740e12 : 44e9) * (1 + 0.01 * noise()),
        outcome: (one, nodes) =>
          one.id === PAIR.id && nodes.includes('n0003')
            ? { status: 'failed', owner: 'group', code: 'RANK_MISSING', message: 'x', suspects }
            : undefined,
      },
    ).verdict;
  const alone = failing([], of.nodes.slice(2, 4));
  assert.is(alone.lot.rejected, 0);
  assert.is.not(alone.lot.verdict, 'accept');
  assert.ok(alone.nodes.every((node) => node.verdict !== 'pass' && node.verdict !== 'fail'));
  // Whether the payload names it, or two cleared partners do: the others get new ones.
  for (const named of [failing(['n0003']), failing([])]) {
    assert.equal(
      named.nodes.filter((node) => node.verdict === 'fail').map((node) => node.id),
      ['n0003'],
    );
    assert.is(named.lot.accepted, 7, JSON.stringify(named.lot));
  }
});

test.run();
