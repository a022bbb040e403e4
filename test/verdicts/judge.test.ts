import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createJudge } from '../../verdicts/judge.ts';
import type { JudgeSetup } from '../../verdicts/model.ts';
import {
  drive,
  fleet,
  GEMM,
  LINKS,
  LOT,
  PAIR,
  plan,
  setup,
  SUSTAINED,
  type Truth,
} from './fleet.ts';

/** Every part at the same true level, 1 % noise. */
function level(at: number): Truth {
  return {
    value: (_subject, of, _metric, noise) =>
      (of.id === GEMM.id ? at : of.id === PAIR.id ? 44e9 : 300e9) * (1 + 0.01 * noise()),
  };
}
const healthy = level(740e12);
const run = (of: JudgeSetup, truth: Truth, options = {}) =>
  drive(createJudge(of), of, truth, options);
const words = (result: ReturnType<typeof drive>) =>
  result.verdict.nodes
    .filter((node) => node.verdict !== 'pass')
    .map((node) => `${node.id} ${node.verdict}`);

test('a healthy lot is accepted, with every subject covered', () => {
  const result = run(setup(), healthy);
  assert.is(result.verdict.lot.verdict, 'accept', result.verdict.lot.reasons.join('; '));
  assert.equal(words(result), []);
  const coverage = result.verdict.coverage.find((row) => row.criterion === SUSTAINED.id);
  assert.equal(coverage, { criterion: SUSTAINED.id, planned: 128, measured: 128, gaps: [] });
  assert.is(result.verdict.findings.length, 0);
});

test('a lot that is slow throughout is rejected', () => {
  const result = run(setup(), level(665e12));
  assert.is(result.verdict.lot.verdict, 'reject');
  assert.is(result.verdict.lot.rejected, 16);
});

test('one slow part is named alone, and told before the end', () => {
  const result = run(setup(), {
    value: (subject, _of, _metric, noise) =>
      (subject.kind === 'accelerator' && subject.accelerator === 'GPU-3-2' ? 670e12 : 740e12) *
      (1 + 0.01 * noise()),
  });
  assert.is(result.verdict.lot.verdict, 'reject');
  assert.equal(words(result), ['n0003 fail']);
  assert.is(result.told.length, 1);
  const [node] = result.verdict.nodes.filter((one) => one.verdict === 'fail');
  assert.equal(
    node?.accelerators.filter((one) => one.verdict === 'fail').map((one) => one.id),
    ['GPU-3-2'],
  );
  assert.is(node?.class, 'compute');
});

test('spread between parts that all conform rejects none', () => {
  const of = setup({ nodes: fleet(32) });
  for (let seed = 0; seed < 5; seed += 1) {
    const result = run(
      of,
      {
        value: (subject, _of, _metric, noise) => {
          // A part's own level: 700 to 780, the same in every trial.
          const own =
            subject.kind === 'accelerator' ? Number(subject.accelerator.split('-')[1]) : 0;
          return (702e12 + (own % 16) * 5e12) * (1 + 0.01 * noise());
        },
      },
      { noise: seed },
    );
    assert.is.not(result.verdict.lot.verdict, 'reject');
    assert.is(result.verdict.lot.rejected, 0);
  }
});

test('a part whose metric is missing keeps the lot from accept', () => {
  const result = run(setup(), {
    value: (subject, of, metric, noise) =>
      subject.kind === 'accelerator' && subject.node === 'n0005'
        ? undefined
        : healthy.value?.(subject, of, metric, noise),
  });
  assert.is(result.verdict.lot.verdict, 'inconclusive');
  assert.equal(words(result), ['n0005 not-tested']);
  const row = result.verdict.coverage.find((one) => one.criterion === SUSTAINED.id);
  assert.is(row?.measured, 120);
  assert.is(row?.gaps[0]?.subjects.length, 8);
});

test('a value left out of one trial of several can’t be made up for by the others', () => {
  let asked = 0;
  const result = run(setup({ nodes: fleet(4) }), {
    value: (subject, _of, _metric, noise) => {
      if (subject.kind === 'accelerator' && subject.accelerator === 'GPU-2-0') {
        asked += 1;
        if (asked === 1) return undefined;
      }
      return 760e12 * (1 + 0.001 * noise());
    },
  });
  assert.equal(words(result), ['n0002 inconclusive']);
  assert.is(result.verdict.lot.verdict, 'inconclusive');
});

test('a wrong result fails at once and nothing outvotes it', () => {
  let wrong = 0;
  const result = run(setup(), {
    ...healthy,
    ok: (subject) => {
      if (subject.kind !== 'accelerator' || subject.accelerator !== 'GPU-7-1') return true;
      wrong += 1;
      return wrong !== 1;
    },
  });
  assert.is(result.verdict.lot.verdict, 'reject');
  assert.equal(words(result), ['n0007 fail']);
  assert.ok(result.told[0]?.startsWith('matmul.gemm.correct'));
});

test('a false check that nobody planned fails its node', () => {
  const of = setup();
  const judge = createJudge(of);
  judge.next();
  const told = judge.observe(
    {
      id: 'x@n0001#0/0',
      trial: { id: 'x@n0001#0', case: 'x', nodes: ['n0001'], ordinal: 0, round: 0, why: 'planned' },
      ordinal: 0,
      startedAt: '',
      seconds: 1,
      exits: [],
      outcome: { status: 'measured' },
    },
    [
      {
        kind: 'check',
        subject: { kind: 'node', node: 'n0001' },
        name: 'somebody.else',
        parameters: {},
        ok: false,
        detail: 'wrong',
        at: { step: 0, node: 'n0001', stream: 'stdout', line: 1 },
      },
    ],
  );
  assert.is(told[0]?.criterion, 'correctness');
});

test('a digest in the minority is measured again once and then fails', () => {
  const result = run(setup(), {
    ...healthy,
    digest: (subject) =>
      subject.kind === 'accelerator' && subject.accelerator === 'GPU-4-4' ? 'bb' : 'aa',
  });
  assert.equal(words(result), ['n0004 fail']);
  const finding = result.verdict.findings.find((one) => one.criterion === 'matmul.gemm.digest');
  assert.match(finding?.reason ?? '', /1 of 128 parts/u);
});

test('a part at odds with itself fails, alone or not', () => {
  const of = setup({ nodes: fleet(1) });
  const result = run(of, {
    ...healthy,
    digest: (subject, ordinal) =>
      subject.kind === 'accelerator' && subject.accelerator === 'GPU-1-0' && ordinal % 2 === 1
        ? 'bb'
        : 'aa',
  });
  assert.is(result.verdict.lot.verdict, 'reject');
  assert.match(result.verdict.nodes[0]?.reasons.join() ?? '', /2 different digests/u);
});

test('verdict and findings don’t depend on the order of arrival within a round', () => {
  const truth: Truth = {
    value: (subject, _of, _metric, noise) =>
      (subject.kind === 'accelerator' && subject.node === 'n0002' ? 706e12 : 738e12) *
      (1 + 0.012 * noise()),
    digest: (subject) =>
      subject.kind === 'accelerator' && subject.accelerator === 'GPU-9-0' ? 'bb' : 'aa',
    outcome: (_of, nodes) =>
      nodes[0] === 'n0011'
        ? { status: 'failed', owner: 'node', code: 'CUDA_ERROR', message: 'x', suspects: ['n0011'] }
        : undefined,
  };
  const first = run(setup(), truth, { order: 1 });
  for (const order of [2, 3, 4]) {
    const again = run(setup(), truth, { order });
    assert.is(JSON.stringify(again.verdict), JSON.stringify(first.verdict));
    assert.is(JSON.stringify([...again.findings]), JSON.stringify([...first.findings]));
  }
});

test('a node fault fails its node; the same on most of the lot is held to be the harness’s', () => {
  const broken = (nodes: readonly string[]): Truth => ({
    ...healthy,
    outcome: (_of, [node]) =>
      nodes.includes(node as string)
        ? { status: 'failed', owner: 'node', code: 'CUDA_ERROR', message: 'x', suspects: [] }
        : undefined,
  });
  const one = run(setup(), broken(['n0002']));
  assert.is(one.verdict.lot.verdict, 'reject');
  assert.equal(words(one), ['n0002 fail']);
  assert.is(one.verdict.attempts.length, 2);
  const all = run(setup(), broken(setup().nodes.map((node) => node.id)));
  assert.is(all.verdict.lot.verdict, 'not-tested');
  assert.is(all.verdict.lot.rejected, 0);
  assert.ok(all.verdict.notes.some((note) => note.includes('harness')));
});

test('harness and reach faults leave a node untested', () => {
  const result = run(setup(), {
    ...healthy,
    outcome: (_of, [node]) =>
      node === 'n0006'
        ? { status: 'failed', owner: 'harness', code: 'NO_TORCH', message: 'none', suspects: [] }
        : undefined,
  });
  assert.is(result.verdict.lot.verdict, 'inconclusive');
  assert.equal(words(result), ['n0006 not-tested']);
  assert.match(result.verdict.nodes[5]?.reasons.join() ?? '', /NO_TORCH/u);
});

test('missing nodes, and units that nobody showed, are not tested', () => {
  const [node] = fleet(17).slice(16);
  assert.ok(node);
  const of = setup({
    missing: [
      {
        node: { ...node, accelerators: [] },
        slot: 's',
        code: 'SSH_UNREACHABLE',
        reason: 'no answer',
      },
    ],
    plan: plan({ delivery: { ...plan().delivery, count: 20 } }),
  });
  const { lot, nodes, coverage } = run(of, healthy).verdict;
  assert.is(lot.verdict, 'inconclusive');
  assert.is(lot.notTested, 4);
  assert.is(lot.delivered, 20);
  assert.is(nodes.length, 17);
  assert.is(coverage.find((row) => row.criterion === SUSTAINED.id)?.planned, 136);
});

test('seven accelerators of eight, or another part, fail before anything is measured', () => {
  const nodes = fleet(6).map((node, i) => {
    if (i === 1) return { ...node, accelerators: node.accelerators.slice(0, 7) };
    if (i !== 2) return node;
    const accelerators = node.accelerators.map((one) => ({ ...one, model: 'NVIDIA A100' }));
    return { ...node, accelerators };
  });
  const result = run(setup({ nodes }), healthy);
  assert.equal(words(result), ['n0002 fail', 'n0003 fail']);
  assert.is(result.perNode.get('n0002'), undefined);
  assert.is(result.verdict.nodes[1]?.class, 'delivery');
});

test('two nodes with one serial both fail', () => {
  const nodes = fleet(6).map((node, i) =>
    i === 4 ? { ...node, identity: [{ kind: 'serial' as const, value: 'S1' }] } : node,
  );
  assert.equal(words(run(setup({ nodes }), healthy)), ['n0001 fail', 'n0005 fail']);
});

test('an odd driver is shown and rejects nobody', () => {
  const nodes = fleet(6).map((node, i) =>
    i === 3 ? { ...node, environment: { driver: '535.1' } } : node,
  );
  const result = run(setup({ nodes }), healthy);
  const finding = result.verdict.findings.find((one) => one.criterion === 'uniform');
  assert.match(finding?.reason ?? '', /driver is 535\.1, 550\.54 on 5 of 6 nodes/u);
  assert.is(result.verdict.nodes[3]?.verdict, 'pass');
});

test('an unknown part, only sanity floors, no criterion or none that is measured never accept', () => {
  const { part: _part, ...unknown } = plan();
  const cases: [string, JudgeSetup][] = [
    ['unknown part', setup({ plan: unknown })],
    ['sanity only', setup({ plan: plan({ criteria: [{ ...SUSTAINED, standing: 'sanity' }] }) })],
    ['no criterion', setup({ plan: plan({ criteria: [] }) })],
    ['shown only', setup({ plan: plan({ criteria: [{ ...SUSTAINED, mandatory: false }] }) })],
    [
      'unmeasured',
      setup({
        plan: plan({ criteria: [SUSTAINED, { ...SUSTAINED, id: 'b', metric: 'no.such' }] }),
      }),
    ],
    ['no case', setup({ cases: [] })],
    ['no node', setup({ nodes: [] })],
    [
      'two measurements',
      setup({
        cases: [GEMM, { ...GEMM, id: 'other', parameters: { ...GEMM.parameters, shape: '4096' } }],
      }),
    ],
  ];
  for (const [name, of] of cases) {
    const { verdict } = run(of, healthy).verdict.lot;
    assert.ok(verdict === 'inconclusive' || verdict === 'not-tested', `${name}: ${verdict}`);
  }
});

test('a sanity floor may still reject', () => {
  const of = setup({ plan: plan({ criteria: [{ ...SUSTAINED, standing: 'sanity' }] }) });
  assert.is(run(of, level(600e12)).verdict.lot.verdict, 'reject');
});

test('a run cut short decides nothing that was open, and says why', () => {
  const { verdict } = run(setup(), level(715e12), { rounds: 1, stopped: 'budget' });
  assert.is(verdict.lot.verdict, 'inconclusive');
  assert.ok(verdict.lot.reasons.some((reason) => reason.includes('budget')));
  assert.ok(
    verdict.findings.every(
      (one) => one.verdict !== 'inconclusive' || one.reason.includes('budget'),
    ),
  );
});

test('the sign rule: five trials, at the confidence that they buy', () => {
  const decision = {
    consumerRisk: 0.032,
    producerRisk: 0.01,
    inconclusive: 'hold' as const,
    nonconforming: 0,
  };
  const of = setup({ nodes: fleet(1), plan: plan({ decision }) });
  const pass = run(of, healthy);
  assert.is(pass.verdict.lot.verdict, 'accept', pass.verdict.lot.reasons.join('; '));
  assert.is(pass.trials, 5);
  assert.match([...pass.findings][0]?.reason ?? '', /confidence 96\.9 %/u);
  assert.is(run(of, level(650e12)).verdict.lot.verdict, 'reject');
  assert.is(run(of, level(700e12)).verdict.lot.verdict, 'inconclusive');
  const strict = setup({
    nodes: fleet(1),
    plan: plan({ decision: { ...decision, consumerRisk: 0.001, maxTrials: 5 } }),
  });
  const unbought = run(strict, healthy).verdict.lot;
  assert.is(unbought.verdict, 'inconclusive');
});

test('who bears the doubt is the plan’s to say', () => {
  const verdictOf = (inconclusive: 'hold' | 'accept' | 'reject') => {
    const of = setup({ plan: plan({ decision: { ...plan().decision, inconclusive } }) });
    // Exactly at the limit: neither conforming nor not, with this much evidence.
    return run(of, {
      value: (s, _o, _m, noise) =>
        (s.kind === 'accelerator' && s.node === 'n0001' ? 700e12 : 740e12) * (1 + 0.01 * noise()),
    }).verdict.lot.verdict;
  };
  assert.is(verdictOf('hold'), 'inconclusive');
  assert.is(verdictOf('accept'), 'accept');
  assert.is(verdictOf('reject'), 'reject');
});

test('a contract may allow units that fail, and the lot says so', () => {
  const decision = { ...plan().decision, nonconforming: 1 };
  const slow = (nodes: readonly string[]): Truth => ({
    value: (subject, _of, _metric, noise) =>
      (subject.kind === 'accelerator' && nodes.includes(subject.node) ? 650e12 : 740e12) *
      (1 + 0.01 * noise()),
  });
  const of = setup({ plan: plan({ decision }) });
  const one = run(of, slow(['n0002'])).verdict.lot;
  assert.is(one.verdict, 'accept');
  assert.match(one.reasons[0] ?? '', /1 unit of 16 nonconforming: n0002/u);
  assert.is(run(of, slow(['n0002', 'n0004'])).verdict.lot.verdict, 'reject');
});

test('one bad node loses its rack where the rack is the unit', () => {
  const of = setup({ plan: plan({ delivery: { ...plan().delivery, unit: 'rack' } }) });
  const { lot } = run(of, {
    value: (s, _o, _m, noise) =>
      (s.kind === 'accelerator' && s.node === 'n0006' ? 650e12 : 740e12) * (1 + 0.01 * noise()),
  }).verdict;
  assert.is(lot.delivered, 4);
  assert.is(lot.rejected, 1);
  assert.match(lot.reasons[0] ?? '', /rack r1/u);
});

test('pairs are a perfect matching of the nodes that pass below, the odd one gets its turn, then the lot', () => {
  const of = setup({
    nodes: fleet(15),
    cases: [GEMM, PAIR, LOT],
    plan: plan({ criteria: [SUSTAINED, LINKS] }),
  });
  const result = run(of, {
    value: (subject, one, metric, noise) =>
      subject.kind === 'accelerator' && subject.node === 'n0003'
        ? 650e12 * (1 + 0.01 * noise())
        : healthy.value?.(subject, one, metric, noise),
  });
  const links = [...result.findings].filter(
    (one) => one.criterion === 'links' && one.subject.kind === 'link',
  );
  const ends = links.flatMap((one) => (one.subject.kind === 'link' ? [...one.subject.ends] : []));
  assert.is(links.length, 7);
  assert.is(new Set(ends).size, 14);
  assert.not.ok(ends.includes('n0003'));
  assert.equal(words(result), ['n0003 fail']);
  const odd = run({ ...of, nodes: fleet(5) }, healthy);
  const seen = [...odd.findings]
    .filter((one) => one.criterion === 'links')
    .flatMap((one) => (one.subject.kind === 'link' ? [...one.subject.ends] : []));
  assert.is(new Set(seen).size, 5);
  assert.is(odd.verdict.lot.verdict, 'accept', odd.verdict.lot.reasons.join('; '));
});

test('a failing link of two nodes casts doubt on both ends and rejects the lot', () => {
  const of = setup({ nodes: fleet(2), cases: [PAIR], plan: plan({ criteria: [LINKS] }) });
  const result = run(of, {
    value: (subject, _of, _metric, noise) =>
      (subject.kind === 'link' && subject.ends.includes('n0002') ? 20e9 : 44e9) *
      (1 + 0.01 * noise()),
  });
  assert.is(result.verdict.lot.verdict, 'reject');
  assert.is(result.verdict.lot.rejected, 0);
  assert.is(result.verdict.lot.inconclusive, 2);
  assert.is(result.verdict.links.length, 1);
});

test('the inventory, run before there is a judge, is not asked for again', () => {
  const inventory = {
    ...GEMM,
    id: 'inventory',
    suite: 'inventory',
    gives: [{ metric: 'readiness.ecc', per: 'node' as const, as: 'check' as const }],
  };
  const of = setup({ cases: [inventory, GEMM] });
  const judge = createJudge(of);
  for (const { id } of of.nodes) {
    const trial = {
      id: `inventory@${id}#0`,
      case: 'inventory',
      nodes: [id],
      ordinal: 0,
      round: 0,
      why: 'planned' as const,
    };
    const at = { step: 0, node: id, stream: 'stdout' as const, line: 1 };
    judge.observe(
      {
        id: `${trial.id}/0`,
        trial,
        ordinal: 0,
        startedAt: '',
        seconds: 1,
        exits: [],
        outcome: { status: 'measured' },
      },
      [
        {
          kind: 'check',
          subject: { kind: 'node', node: id },
          name: 'readiness.ecc',
          parameters: {},
          ok: id !== 'n0009',
          detail: 'ECC off',
          at,
        },
      ],
    );
  }
  const result = drive(judge, of, healthy);
  assert.equal(words(result), ['n0009 fail']);
  assert.is(result.perNode.get('n0009'), undefined);
  assert.is(result.verdict.nodes[8]?.class, 'software');
  assert.match(result.verdict.nodes[8]?.reasons[0] ?? '', /ecc: ECC off/u);
});

test('a metric whose repeatability is too coarse for its limit carries no verdict', () => {
  const result = run(setup(), {
    value: (_s, _o, _m, noise) => 740e12 * (1 + 0.05 * noise()),
  });
  assert.is(result.verdict.lot.verdict, 'inconclusive');
  assert.match(result.verdict.findings[0]?.reason ?? '', /can't carry a verdict/u);
});

test('constant data has a smallest sigma and still decides', () => {
  assert.is(run(setup(), { value: () => 740e12 }).verdict.lot.verdict, 'accept');
  assert.is(run(setup(), { value: () => 690e12 }).verdict.lot.verdict, 'reject');
  assert.is(run(setup(), { value: () => 0 }).verdict.lot.verdict, 'reject');
});

test('events of the companion fail on deltas above the bound', () => {
  const xid = {
    ...SUSTAINED,
    id: 'xid',
    metric: 'companion.events.xid',
    where: {},
    decide: 'events' as const,
    bound: 'at-most' as const,
    limit: { value: 0, source: 'Annex D' },
  };
  const { nominal: _nominal, ...events } = xid;
  const metric = {
    id: xid.metric,
    unit: '1',
    display: { unit: '', factor: 1, digits: 0 },
    better: 'lower' as const,
    source: 'test',
  };
  const of = setup({
    plan: plan({ criteria: [SUSTAINED, events] }),
    metrics: [...setup().metrics, metric],
  });
  const silent = run(of, healthy);
  assert.is(silent.verdict.lot.verdict, 'not-tested');
  const withCounts = {
    ...GEMM,
    gives: [...GEMM.gives, { metric: xid.metric, per: 'accelerator' as const, parameters: {} }],
  };
  const counting: JudgeSetup = { ...of, cases: [withCounts] };
  const truth = (bad: string): Truth => ({
    value: (subject, one, name, noise) =>
      name === xid.metric
        ? subject.kind === 'accelerator' && subject.accelerator === bad
          ? 1
          : 0
        : healthy.value?.(subject, one, name, noise),
  });
  assert.is(run(counting, truth('none')).verdict.lot.verdict, 'accept');
  assert.equal(words(run(counting, truth('GPU-5-5'))), ['n0005 fail']);
});

test.run();
