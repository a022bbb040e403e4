import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrorCode } from '../../plan/errors.ts';
import { loadPlan } from '../../plan/load.ts';
import { rejects } from '../rejects.ts';
import { registries } from './registries.ts';

const HEAD = `assay: 1
delivery: { reference: T7, sku: h200-sxm, count: 2 }
fleet: { runner: local }
suites: { matmul: {}, nccl: {} }
`;
const CRITERION = `criteria:
  - id: bf16
    metric: matmul.gemm.throughput
    where: { dtype: bf16, shape: 8192 }
    per: accelerator
    at-least: 700 TFLOP/s
    source: annex B
`;

const load = (text: string) => loadPlan({ file: 'folder/plan.yaml', text }, registries);

test('a plan is loaded with every default written out and said to be one', async () => {
  const { plan, suites } = await load(HEAD + CRITERION);
  assert.is(plan.schema, 'assay/plan/1');
  assert.is(plan.file, 'plan.yaml');
  assert.is(plan.seed, 1);
  assert.equal(plan.delivery, {
    reference: 'T7',
    provider: 'own',
    sku: 'h200-sxm',
    unit: 'node',
    count: 2,
    acceleratorsPerNode: 8,
  });
  assert.is(plan.part?.title, 'NVIDIA H200 SXM');
  assert.equal(plan.fleet, { runner: 'local', grace: 1800, lease: 600, options: {} });
  assert.equal(plan.suites[0], { id: 'matmul', options: { dtypes: ['bf16'], window: 10 } });
  assert.equal(plan.decision, {
    consumerRisk: 0.001,
    producerRisk: 0.01,
    inconclusive: 'hold',
    nonconforming: 0,
  });
  assert.equal(plan.criteria[0], {
    id: 'bf16',
    metric: 'matmul.gemm.throughput',
    where: { dtype: 'bf16', shape: 8192 },
    per: 'accelerator',
    mandatory: true,
    decide: 'level',
    standing: 'contract',
    bound: 'at-least',
    limit: { value: 7e14, source: 'annex B' },
    fixed: 'before',
  });
  assert.is(suites.length, 2);
  const { origins } = plan;
  assert.is(origins['seed'], 'default');
  assert.is(origins['delivery.count'], 'plan');
  assert.is(origins['delivery.unit'], 'default');
  assert.is(origins['delivery.accelerators-per-node'], 'catalogue: h200-sxm');
  assert.is(origins['decision.consumer-risk'], 'default');
  assert.is(origins['suites.matmul.window'], 'default');
  assert.is(origins['criteria.bf16.standing'], 'default');
});

test('kebab-case keys become the fields of the model', async () => {
  const { plan } = await load(`assay: 1
seed: 20261215
delivery:
  reference: r
  provider: aws
  sku: h200-sxm
  milestone: 2026-12-15
  deemed-acceptance: 2027-01-15
  price: { per-node-hour: 31.5, currency: USD }
fleet:
  runner: ssh
  hosts: "gpu[001-512].lab"
  grace: 45 min
  lease: 5 min
  at-once: 64
  minimum: 4
  python: podman run --rm image python3
  prepare: install
  become: [sudo, -n]
  keep: rejected
  stand-in: true
  on-reject: /opt/drain now
  on-accept: [/opt/add]
suites: { matmul: }
decision:
  consumer-risk: 0.1 %
  max-trials: 12
  sigma: { matmul.gemm.throughput: 1 % }
  sampling: { accept: 1 %, reject: 5 % }
budget: { wall-time: 6 h, node-hours: 3000, cost: 100000 }
report: { private: [delivery.price] }
nightly: { every: 7 d, busy: skip, retention: 365 days, webhook: ops-hook }
`);
  assert.is(plan.delivery.count, undefined);
  assert.equal(plan.delivery.price, { perNodeHour: 31.5, currency: 'USD' });
  assert.equal(plan.fleet, {
    runner: 'ssh',
    grace: 2700,
    lease: 300,
    minimum: 4,
    atOnce: 64,
    python: ['podman', 'run', '--rm', 'image', 'python3'],
    prepare: 'install',
    become: ['sudo', '-n'],
    keep: 'rejected',
    standIn: true,
    onReject: ['/opt/drain', 'now'],
    onAccept: ['/opt/add'],
    options: { hosts: 'gpu[001-512].lab', user: 'root' },
  });
  assert.is(plan.decision.consumerRisk, 0.001);
  assert.equal(plan.decision.sigma, { 'matmul.gemm.throughput': 0.01 });
  assert.equal(plan.budget, { wallTime: 21600, nodeHours: 3000, cost: 100000 });
  assert.is(plan.nightly?.every, 604800);
  assert.is(plan.origins['delivery.count'], 'default: as many as the fleet has');
});

test('a quantity in where is read, a cube of a shape is its side, another shape is one text', async () => {
  const { plan } = await load(`${HEAD}criteria:
  - { id: a, metric: nccl.all_reduce.busbw, per: node, at-least: 431 GB/s, where: { bytes: 16 GiB } }
  - { id: b, metric: matmul.gemm.throughput, per: accelerator, at-least: 7e2 TFLOP/s, where: { shape: [16384, 8192, 28672] } }
  - { id: c, metric: matmul.gemm.throughput, per: accelerator, at-least: 1 PFLOP/s, where: { shape: [8192, 8192, 8192] } }
`);
  assert.equal(
    plan.criteria.map((one) => one.where),
    [{ bytes: 17179869184 }, { shape: '16384x8192x28672' }, { shape: 8192 }],
  );
  assert.is(plan.criteria[1]?.limit.value, 7e14);
});

test('a check is exact and has no bound', async () => {
  const { plan } = await load(
    `${HEAD}criteria: [{ id: ok, metric: matmul.gemm.correct, per: accelerator, source: s }]`,
  );
  assert.is(plan.criteria[0]?.decide, 'exact');
  assert.equal(plan.criteria[0]?.limit, { value: 1, source: 's' });
});

test('from: catalogue expands to the floors of the SKU, each with its own source and standing', async () => {
  const { plan } = await load(`${HEAD}criteria: [{ from: catalogue }]`);
  const byId = new Map(plan.criteria.map((one) => [one.id, one]));
  assert.is(byId.get('all-reduce-node')?.limit.value, 431e9);
  assert.is(byId.get('all-reduce-node')?.standing, 'catalogue');
  assert.match(byId.get('all-reduce-node')?.limit.source ?? '', '16 GiB, 1 node, 8 GPUs, NVLS on');
  assert.is(byId.get('bf16-sustained')?.standing, 'sanity');
  assert.ok(Math.abs((byId.get('bf16-sustained')?.limit.value ?? 0) - 642.85e12) < 1e9);
  assert.match(plan.origins['criteria.all-reduce-node'] ?? '', 'catalogue');
  assert.ok(plan.warnings.some((text) => text.includes('tokens-digest')));
});

test('an unknown SKU is loaded with a warning when it says how many accelerators a node has', async () => {
  const { plan } = await load(HEAD.replace('sku: h200-sxm', 'sku: t4, accelerators-per-node: 1'));
  assert.is(plan.part, undefined);
  assert.match(plan.warnings[0] ?? '', 'can end in accept');
});

const bad: readonly (readonly [
  name: string,
  text: string,
  code: ErrorCode,
  says: string | RegExp,
])[] = [
  ['an empty file', '', 'PLAN_INVALID', 'plan.yaml:1:1: is empty'],
  ['only a comment', '# nothing\n', 'PLAN_INVALID', 'is empty'],
  ['a list', '- a\n', 'PLAN_INVALID', 'is not a map of keys'],
  ['a text', 'hello', 'PLAN_INVALID', 'is not a map of keys'],
  ['broken YAML', 'assay: [1', 'PLAN_INVALID', 'plan.yaml:1:10'],
  ['two documents', 'assay: 1\n---\nassay: 1\n', 'PLAN_INVALID', 'plan.yaml:2'],
  [
    'a key twice',
    `${HEAD}seed: 1\nseed: 2\n`,
    'PLAN_INVALID',
    'plan.yaml:6:1: a key stands here twice',
  ],
  ['an alias bomb', bomb(), 'PLAN_INVALID', 'Excessive alias count'],
  ['an alias without anchor', `${HEAD}decision: *x\n`, 'PLAN_INVALID', /alias/iu],
  [
    'no version',
    HEAD.replace('assay: 1\n', ''),
    'PLAN_INVALID',
    'assay: is missing. Begin the plan with',
  ],
  ['a later version', HEAD.replace('assay: 1', 'assay: 2'), 'PLAN_INVALID', 'reads format 1'],
  [
    'another version',
    HEAD.replace('assay: 1', 'assay: one'),
    'PLAN_INVALID',
    'plan.yaml:1:8: assay:',
  ],
  [
    'a misspelt block',
    HEAD.replace('fleet:', 'fleat:'),
    'PLAN_UNKNOWN_KEY',
    'plan.yaml:3:1: fleat: unknown key "fleat". Did you mean "fleet"?',
  ],
  [
    'a misspelt key',
    HEAD.replace('count', 'cuont'),
    'PLAN_UNKNOWN_KEY',
    'plan.yaml:2:43: delivery.cuont: unknown key "cuont". Did you mean "count"?',
  ],
  [
    'a misspelt fleet key',
    HEAD.replace('runner: local', 'runner: local, lese: 5 min'),
    'PLAN_UNKNOWN_KEY',
    'Did you mean "lease"?',
  ],
  [
    'a key of another runner',
    HEAD.replace('runner: local', 'runner: local, hosts: a'),
    'PLAN_UNKNOWN_KEY',
    'fleet.hosts: unknown key',
  ],
  [
    'a misspelt suite',
    HEAD.replace('nccl: {}', 'ncll: {}'),
    'PLAN_UNKNOWN_KEY',
    'unknown suite "ncll". Did you mean "nccl"?',
  ],
  [
    'a misspelt suite option',
    HEAD.replace('matmul: {}', 'matmul: { dtype: [bf16] }'),
    'PLAN_UNKNOWN_KEY',
    'suites.matmul.dtype: unknown key "dtype". Did you mean "dtypes"?',
  ],
  [
    'a misspelt criterion key',
    `${HEAD}${CRITERION}    metircs: x\n`,
    'PLAN_UNKNOWN_KEY',
    'plan.yaml:12:5: criteria[0].metircs: unknown key "metircs". Did you mean "metric"?',
  ],
  [
    'an unknown runner',
    HEAD.replace('local', 'slrum'),
    'PLAN_INVALID',
    'plan.yaml:3:18: fleet.runner: unknown runner "slrum"',
  ],
  [
    'no runner',
    HEAD.replace('runner: local', 'grace: 1 min'),
    'PLAN_INVALID',
    'fleet.runner: is missing',
  ],
  ['no suite', HEAD.replace('{ matmul: {}, nccl: {} }', '{}'), 'PLAN_INVALID', 'names no suite'],
  [
    'a block that is no map',
    HEAD.replace('{ runner: local }', 'local'),
    'PLAN_INVALID',
    'fleet: must be a map of keys, not "local"',
  ],
  [
    'criteria that are no list',
    `${HEAD}criteria: { id: a }\n`,
    'PLAN_INVALID',
    'criteria: must be a list',
  ],
  [
    'a criterion that is no map',
    `${HEAD}criteria: [a]\n`,
    'PLAN_INVALID',
    'criteria[0]: must be a map of keys',
  ],
  [
    'a wrong dtype',
    HEAD.replace('matmul: {}', 'matmul: { dtypes: [bf61] }'),
    'PLAN_INVALID',
    'Did you mean "bf16"?',
  ],
  [
    'an unknown SKU',
    HEAD.replace('h200-sxm', 'h200-sxn'),
    'PLAN_INVALID',
    'Did you mean "h200-sxm"?',
  ],
  [
    'a day that does not exist',
    HEAD.replace('count: 2', 'milestone: 2026-02-30'),
    'PLAN_INVALID',
    'is not a date',
  ],
  [
    'deemed before due',
    HEAD.replace('count: 2', 'milestone: 2026-12-15, deemed-acceptance: 2026-01-15'),
    'PLAN_INVALID',
    'before the milestone',
  ],
  [
    'a count of nothing',
    HEAD.replace('count: 2', 'count: 0'),
    'PLAN_INVALID',
    'delivery.count: "0" is too small. Write at least 1.',
  ],
  ['half a node', HEAD.replace('count: 2', 'count: 1.5'), 'PLAN_INVALID', 'must be a whole number'],
  ['an infinite budget', `${HEAD}budget: { cost: .inf }\n`, 'PLAN_INVALID', 'budget.cost'],
  [
    'a duration without unit',
    HEAD.replace('runner: local', 'runner: local, grace: 30'),
    'PLAN_INVALID',
    'has no unit; write a number and one of: ns',
  ],
  [
    'a risk of 0',
    `${HEAD}decision: { consumer-risk: 0 }\n`,
    'PLAN_INVALID',
    'decision.consumer-risk: 0 is not between 0 and 1',
  ],
  [
    'a risk of 1',
    `${HEAD}decision: { producer-risk: 100 % }\n`,
    'PLAN_INVALID',
    '100 % is not between 0 and 1',
  ],
  [
    'a negative risk',
    `${HEAD}decision: { consumer-risk: -1 % }\n`,
    'PLAN_INVALID',
    'is not between 0 and 1',
  ],
  [
    'less risk than five trials buy',
    `${HEAD}decision: { sigma: none }\n`,
    'PLAN_INVALID',
    'the plan asks for less risk than its trials buy: 0.001 where 5 trials',
  ],
  [
    'sigma of an unknown metric',
    `${HEAD}decision: { sigma: { matmul.gemm.thruput: 1 % } }\n`,
    'PLAN_INVALID',
    'Did you mean "matmul.gemm.throughput"?',
  ],
  [
    'sampling the wrong way round',
    `${HEAD}decision: { sampling: { accept: 5 %, reject: 1 % } }\n`,
    'PLAN_INVALID',
    'the smaller of the two',
  ],
  [
    'a wrong unit',
    HEAD + CRITERION.replace('700 TFLOP/s', '7e2 TFLOP'),
    'CRITERION_INVALID',
    '"7e2 TFLOP" has the unit "TFLOP"; write a number and one of: FLOP/s',
  ],
  [
    'no unit',
    HEAD + CRITERION.replace('700 TFLOP/s', '700'),
    'CRITERION_INVALID',
    '"700" has no unit',
  ],
  [
    'a unit of another kind',
    HEAD + CRITERION.replace('700 TFLOP/s', '700 GB/s'),
    'CRITERION_INVALID',
    'has the unit "GB/s"',
  ],
  [
    'a size in a rate',
    HEAD + CRITERION.replace('shape: 8192', 'bytes: 8 GB/s'),
    'CRITERION_INVALID',
    '"8 GB/s" has the unit "GB/s"',
  ],
  [
    'a limit of 0',
    HEAD + CRITERION.replace('700 TFLOP/s', '0 TFLOP/s'),
    'CRITERION_INVALID',
    'every part would pass a bound of 0',
  ],
  [
    'a negative limit',
    HEAD + CRITERION.replace('700 TFLOP/s', '-700 TFLOP/s'),
    'CRITERION_INVALID',
    'is negative',
  ],
  [
    'an infinite limit',
    HEAD + CRITERION.replace('700 TFLOP/s', '.inf'),
    'PLAN_INVALID',
    'not "Infinity"',
  ],
  [
    'nominal below the limit',
    `${HEAD}${CRITERION}    nominal: 650 TFLOP/s\n`,
    'CRITERION_INVALID',
    'plan.yaml:12:14: criteria[0].nominal: is on the wrong side',
  ],
  [
    'nominal at the limit',
    `${HEAD}${CRITERION}    nominal: 700 TFLOP/s\n`,
    'CRITERION_INVALID',
    'wrong side',
  ],
  [
    'at-most where higher is better',
    HEAD + CRITERION.replace('at-least', 'at-most'),
    'CRITERION_INVALID',
    'Write at-least.',
  ],
  [
    'two bounds',
    `${HEAD}${CRITERION}    at-most: 800 TFLOP/s\n`,
    'CRITERION_INVALID',
    'has two bounds',
  ],
  [
    'no bound',
    HEAD + CRITERION.replace('    at-least: 700 TFLOP/s\n', ''),
    'CRITERION_INVALID',
    'has no bound',
  ],
  [
    'a metric that no suite gives',
    HEAD + CRITERION.replace('throughput', 'thruput'),
    'CRITERION_INVALID',
    'Did you mean "matmul.gemm.throughput"?',
  ],
  [
    'a suite left out',
    (HEAD + CRITERION).replace('matmul: {}, ', ''),
    'CRITERION_INVALID',
    'no suite of this plan gives "matmul.gemm.throughput"',
  ],
  [
    'a bound on a check',
    HEAD + CRITERION.replace('gemm.throughput', 'gemm.correct'),
    'CRITERION_INVALID',
    'an exact criterion has no bound',
  ],
  [
    'a level of a check',
    `${HEAD}criteria: [{ id: a, metric: matmul.gemm.correct, per: node, decide: level }]`,
    'CRITERION_INVALID',
    'it is exact, not level',
  ],
  [
    'an exact number',
    `${HEAD}${CRITERION}    decide: exact\n`,
    'CRITERION_INVALID',
    "it can't be exact",
  ],
  [
    'one id twice',
    HEAD + CRITERION + CRITERION.replace('criteria:\n', ''),
    'CRITERION_INVALID',
    '"bf16" stands already in criteria[0]',
  ],
  [
    'the catalogue twice',
    `${HEAD}criteria: [{ from: catalogue }, { from: catalogue }]`,
    'CRITERION_INVALID',
    'stands already in criteria[0]',
  ],
  [
    'from somewhere else',
    `${HEAD}criteria: [{ from: catalog }]`,
    'PLAN_INVALID',
    'Did you mean "catalogue"?',
  ],
];

function bomb(): string {
  const lists = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, index, all) => {
    const before = all[index - 1];
    const items = before === undefined ? 'x' : `*${before}`;
    return `${name}: &${name} [${Array.from({ length: 9 }, () => items).join(', ')}]`;
  });
  return `${lists.join('\n')}\n`;
}

for (const [name, text, code, says] of bad) {
  test(`refused with its place and mend: ${name}`, async () => {
    const error = await rejects(load(text), code);
    assert.match(error.message, says);
    assert.match(error.message, /folder\/plan\.yaml:\d+:\d+/u);
    assert.is(error.exitCode, 2);
  });
}

test('all mistakes are told at once, in the order of the file', async () => {
  const error = await rejects(
    load(`assay: 1
delivery: { reference: r, sku: h200-sxm, cuont: 2 }
fleet: { runner: local, grace: 30 kg }
suites: { matmul: { windw: 3 s } }
criteria:
  - { id: a, metric: nccl.all_reduce.busbw, per: node, at-least: 400 GB }
decision: { inconclusive: perhaps }
`),
    'PLAN_INVALID',
  );
  const lines = error.message.split('\n');
  assert.equal(
    lines.map((line) => /yaml:(\d+):\d+: ([^:]+):/u.exec(line)?.slice(1).join(' ')),
    [
      '2 delivery.cuont',
      '3 fleet.grace',
      '4 suites.matmul.windw',
      '6 criteria[0].metric',
      '7 decision.inconclusive',
    ],
  );
  assert.is(error.details['mistakes'], 5);
});

test('a plan of a megabyte is refused before it is parsed', async () => {
  const error = await rejects(load(`${HEAD}# ${'x'.repeat(2 ** 20)}\n`), 'PLAN_INVALID');
  assert.match(error.message, 'at most 1 MiB');
});

test('a key named __proto__ is an unknown key and changes nothing', async () => {
  await rejects(load(`${HEAD}__proto__: { polluted: 1 }\n`), 'PLAN_UNKNOWN_KEY');
  assert.is(({} as Record<string, unknown>)['polluted'], undefined);
});

test.run();
