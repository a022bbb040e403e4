import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chmodSync } from 'node:fs';
import { userInfo } from 'node:os';
import { leftBehind, Workplace } from './command-line.ts';

const test = suite('bad input on the command line: exit 2, nothing touched');

const at = new Workplace();
test.after(() => at.remove());

const GOOD = `assay: 1
delivery: { reference: r, sku: h100-sxm, count: 1 }
fleet: { runner: local }
suites:
  matmul: { dtypes: [bf16], shapes: [8192] }
criteria:
  - id: rate
    metric: matmul.gemm.throughput
    where: { dtype: bf16, shape: 8192, mode: sustained }
    per: accelerator
    at-least: 600 TFLOP/s
    source: contract
decision: { sigma: none, max-trials: 5, consumer-risk: 0.032 }
`;

/** A slip, and what must be said of it: the place, and the way out. */
const SLIPS: readonly (readonly [
  what: string,
  from: string,
  to: string,
  says: readonly RegExp[],
])[] = [
  ['a misspelt key', 'per: acc', 'pre: acc', [/plan\.yaml:10:5/u, /pre/u, /"per"/u]],
  ['a misspelt block', 'suites:', 'suits:', [/plan\.yaml:4:1/u, /"suites"/u]],
  [
    'a misspelt metric',
    'gemm.throughput',
    'gemm.througput',
    [/plan\.yaml:8:13/u, /matmul\.gemm\.throughput/u],
  ],
  ['a wrong unit', '600 TFLOP/s', '1 GB/s', [/plan\.yaml:11:15/u, /FLOP\/s/u]],
  ['a figure without a unit', '600 TFLOP/s', '600', [/plan\.yaml:11:15/u, /unit/u]],
  ['an unknown runner', 'local', 'lokal', [/plan\.yaml:3:18/u, /"lokal"/u, /local/u]],
  ['an unknown suite', 'matmul:', 'matmull:', [/plan\.yaml:5:3/u, /matmul/u]],
  [
    'a bound above the roofline',
    '600 TFLOP/s',
    '1600 TFLOP/s',
    [/rate/u, /above the roofline, 989 TFLOP/u],
  ],
  ['a bound of nothing', '600 TFLOP/s', '0 TFLOP/s', [/plan\.yaml:11:15/u, /bound of 0/u]],
  ['a risk that its trials do not buy', '0.032', '0.01', [/plan\.yaml:13:/u, /0\.0313/u]],
  ['a risk outside (0, 1)', '0.032', '1.5', [/plan\.yaml:13:/u]],
  ['two delivery blocks', 'fleet:', 'delivery: {}\nfleet:', [/plan\.yaml:3:1/u]],
  ['broken YAML', 'fleet: {', 'fleet: {{', [/plan\.yaml:[0-9]+:[0-9]+/u]],
  ['a newer format', 'assay: 1', 'assay: 2', [/plan\.yaml:1:8/u]],
];
for (const [what, from, to, says] of SLIPS) {
  test(`${what} is named with its place`, async () => {
    assert.ok(GOOD.includes(from));
    at.write('plan.yaml', GOOD.replace(from, to));
    const { code, text, stderr } = await at.ask('accept', 'plan.yaml');
    assert.is(code, 2, text);
    for (const one of says) assert.match(stderr, one);
  });
}

test('none of them has left anything', async () => {
  assert.equal(at.runs(), []);
  await at.asked();
  assert.equal(await leftBehind([at.home]), []);
});

test('all mistakes of a plan are told at once', async () => {
  at.write('plan.yaml', GOOD.replace('per: acc', 'pre: acc').replace('local', 'lokal'));
  const { code, stderr } = await at.ask('accept', 'plan.yaml');
  assert.is(code, 2);
  assert.match(stderr, /plan\.yaml:3:18/u);
  assert.match(stderr, /plan\.yaml:10:5/u);
});

test('a plan that can not be read is named', async () => {
  const missing = await at.ask('accept', 'missing.yaml');
  assert.is(missing.code, 2, missing.text);
  assert.match(missing.stderr, /missing\.yaml: can't be read \(ENOENT\)/u);
  const folder = await at.ask('accept', '.');
  assert.is(folder.code, 2, folder.text);
  assert.match(folder.stderr, /EISDIR/u);
  if (userInfo().uid === 0) return;
  chmodSync(at.write('closed.yaml', GOOD), 0);
  const closed = await at.run('accept', 'closed.yaml');
  assert.is(closed.code, 2, closed.text);
  assert.match(closed.stderr, /EACCES/u);
});

test('a plan of bytes that are no text is refused', async () => {
  at.write('plan.yaml', 'assay: 1\n\u0000\u0001\u001b[31m');
  const { code, text } = await at.ask('accept', 'plan.yaml');
  assert.is(code, 2, text);
  assert.not.match(text, /[^\n\P{Cc}]/u);
});

test('unknown commands, options and words are usage errors', async () => {
  const wrong: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [[], /Name a command/u],
    [['acept'], /accept/u],
    [['accept', '--ot', 'x'], /ot/u],
    [['accept', 'a.yaml', 'b.yaml'], /b\.yaml/u],
    [['resume'], /Not enough/u],
    [['accept', '--seed', 'many'], /seed/u],
    [['accept', '--seed', '-1'], /seed/u],
    [['accept', '--seed', '1.5'], /seed/u],
    [['report', 'x', '--format', 'pfd'], /pfd/u],
  ];
  for (const [args, says] of wrong) {
    const { code, text } = await at.ask(...args);
    assert.is(code, 2, `${args.join(' ')}: ${text}`);
    assert.match(text, says);
  }
  assert.equal(at.runs(), []);
});

test('with --json an error is one event, and the same code', async () => {
  const { code, stdout } = await at.run('accept', 'missing.yaml', '--json');
  assert.is(code, 2);
  const event = JSON.parse(stdout.trim()) as Record<string, unknown>;
  assert.is(event['event'], 'error');
  assert.is(event['code'], 'PLAN_INVALID');
});

test('a reader that goes away is no failure', async () => {
  const command = at.start(['schema']);
  command.child.stdout?.destroy();
  const { code } = await command.ended;
  assert.is(code, 0);
});

test('help and version are no failure', async () => {
  for (const args of [['--help'], ['accept', '--help'], ['--version']]) {
    const { code, stdout } = await at.run(...args);
    assert.is(code, 0);
    assert.ok(stdout.length > 3);
  }
});

test('a folder for runs that can not be made is named before anything is started', async () => {
  at.write('plan.yaml', GOOD);
  at.write('file', '');
  for (const out of ['file', 'file/below', '/sys/runs']) {
    const { code, text } = await at.run('accept', 'plan.yaml', '--out', out);
    // 4 where earlier runs are looked for there first.
    assert.ok(code === 2 || code === 4, text);
    assert.match(text, new RegExp(out, 'u'));
  }
  await at.asked();
  assert.equal(await leftBehind([at.home]), []);
});

test.run();
