import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { expectations } from '../../suites/expectations.ts';
import type { Case, Suite } from '../../suites/model.ts';
import { sessionReader } from '../../suites/session-reader.ts';
import { nodeWith, readSession } from './read-session.ts';

const twoDevices = nodeWith('n0001', 'gpu', 2);
const of: Case = {
  id: 'matmul.try',
  suite: 'matmul',
  parameters: { size: 8 },
  scope: 'node',
  gives: [
    { metric: 'matmul.rate', per: 'accelerator' },
    { metric: 'matmul.right', per: 'node', as: 'check' },
  ],
  expected: 1,
};
const suite = { reader: (context) => sessionReader(context) } as Pick<Suite, 'reader'> as Suite;

const say = (fields: object) => JSON.stringify({ assay: 1, ...fields });
const rate = (accelerator: number, value: number, parameters: object = { size: 8 }) =>
  say({ kind: 'sample', metric: 'matmul.rate', accelerator, parameters, value });
const right = say({ kind: 'check', name: 'matmul.right', parameters: { size: 8 }, ok: true });
const done = say({ kind: 'done', ok: true });
const good = [rate(0, 10), rate(1, 20), right, done];

const read = (lines: readonly string[], more: object = {}) =>
  readSession(suite, of, [{ node: twoDevices, stdout: lines.join('\n'), ...more }]);

function failed(lines: readonly string[], owner: string, code: string, more: object = {}) {
  const { outcome, readings } = read(lines, more);
  assert.is(outcome.status, 'failed');
  if (outcome.status === 'failed') {
    assert.equal([outcome.owner, outcome.code], [owner, code], outcome.message);
    assert.equal(outcome.suspects, ['n0001']);
  }
  return { readings, message: outcome.status === 'failed' ? outcome.message : '' };
}

test('a complete session is measured, its subjects taken from the session', () => {
  const { readings, outcome } = read(['some log', ...good]);
  assert.equal(outcome, { status: 'measured' });
  assert.is(readings.length, 3);
  const [first] = readings;
  assert.equal(first?.kind === 'sample' && first.subject, {
    kind: 'accelerator',
    node: 'n0001',
    accelerator: 'GPU-n0001-0',
  });
  assert.is(first?.kind === 'sample' && first.at.line, 2);
});

test('what breaks the protocol or the case is the node’s fault, and what came before it stays', () => {
  const broken: readonly (readonly [why: string, line: string])[] = [
    ['a device that the node lacks', rate(2, 30)],
    [
      'a metric of another case',
      say({ kind: 'sample', metric: 'matmul.other', parameters: {}, value: 1 }),
    ],
    ['other parameters', rate(1, 20, { size: 9 })],
    ['more parameters', rate(1, 20, { size: 8, more: 1 })],
    ['a value twice', rate(0, 99)],
    [
      'not a number',
      '{"assay":1,"kind":"sample","metric":"matmul.rate","accelerator":1,"value":NaN}',
    ],
    [
      'a value for the node, not its device',
      say({ kind: 'sample', metric: 'matmul.rate', parameters: { size: 8 }, value: 1 }),
    ],
    [
      'a progress line of a rank elsewhere',
      say({ kind: 'progress', rank: 9, operation: 'x', at: 1 }),
    ],
    ['another version', '{"assay":2,"kind":"done","ok":true}'],
    [
      'telemetry of a device that the node lacks',
      say({ kind: 'telemetry', accelerator: 5, at: 1, field: 'power', value: 1 }),
    ],
  ];
  for (const [why, line] of broken) {
    const { readings } = failed(
      [rate(0, 10), line, rate(1, 20), right, done],
      'node',
      'OUTPUT_UNREADABLE',
    );
    assert.is(readings.length, 1, why);
  }
});

test('a second done, and anything after a done, is refused', () => {
  failed([...good, done], 'node', 'OUTPUT_UNREADABLE');
  failed([done, ...good], 'node', 'OUTPUT_UNREADABLE');
});

test('a line for another node is only this node’s word', () => {
  const forged = say({
    kind: 'sample',
    metric: 'matmul.rate',
    node: 'n0002',
    accelerator: 0,
    parameters: { size: 8 },
    value: 1,
  });
  const { readings } = read([forged]);
  assert.is(
    readings[0]?.kind === 'sample' && 'node' in readings[0].subject && readings[0].subject.node,
    'n0001',
  );
});

test('nothing is complete by absence', () => {
  failed([], 'node', 'OUTPUT_INCOMPLETE');
  failed([done], 'node', 'OUTPUT_INCOMPLETE');
  failed([rate(0, 10), right, done], 'node', 'OUTPUT_INCOMPLETE');
  const { message } = failed([rate(0, 1), rate(1, 1)], 'node', 'OUTPUT_INCOMPLETE', {
    stderr: 'Segmentation fault',
    exit: { ended: 'signalled', signal: 'SIGSEGV' },
  });
  assert.match(message, /signal SIGSEGV.*Segmentation fault/u);
});

test('an exit says whose fault it was', () => {
  failed(good.slice(0, 2), 'reach', 'SSH_LOST', {
    exit: { ended: 'lost', code: 'SSH_LOST', reason: 'cut' },
  });
  failed([rate(0, 1), '{"assay":1,"ki'], 'reach', 'SSH_LOST', {
    exit: { ended: 'lost', code: 'SSH_LOST', reason: 'cut' },
  });
  failed([], 'harness', 'NO_PYTHON', {
    exit: { ended: 'not-started', code: 'NO_PYTHON', reason: 'none' },
  });
  failed([], 'harness', 'DISK_FULL', {
    exit: { ended: 'not-started', code: 'DISK_FULL', reason: 'full' },
  });
  failed([], 'reach', 'SSH_UNREACHABLE', {
    exit: { ended: 'not-started', code: 'SSH_UNREACHABLE', reason: 'gone' },
  });
  failed(good.slice(0, 2), 'node', 'HANG', { exit: { ended: 'timed-out' } });
  failed(['x'], 'node', 'OUTPUT_OVER_LIMIT', { exit: { ended: 'over-limit' } });
  failed([rate(0, 1)], 'harness', 'STOPPED', { exit: { ended: 'stopped' } });
  failed(good, 'node', 'CRASHED', { exit: { ended: 'exited', code: 139 } });
});

test('a payload’s own verdict is taken, but never turns into a value', () => {
  const say2 = (owner: string, code: string) =>
    say({ kind: 'done', ok: false, owner, code, message: 'so' });
  failed([say2('harness', 'NO_TORCH')], 'harness', 'NO_TORCH', {
    exit: { ended: 'exited', code: 1 },
  });
  failed([rate(0, 1), say2('node', 'CUDA_ERROR')], 'node', 'CUDA_ERROR', {
    exit: { ended: 'exited', code: 1 },
  });
});

test('not supported here is a fact and no failure, unless values were given too', () => {
  const lacking = say({
    kind: 'done',
    ok: false,
    owner: 'harness',
    code: 'NOT_SUPPORTED',
    message: 'no fp8',
  });
  const { readings, outcome } = read([lacking]);
  assert.equal(outcome, { status: 'measured' });
  assert.equal(readings, [
    {
      kind: 'fact',
      node: 'n0001',
      name: 'not-supported',
      value: 'matmul.try: not supported here: no fp8',
    },
  ]);
  failed([rate(0, 1), lacking], 'node', 'OUTPUT_UNREADABLE');
});

test('of several nodes the one nearest to the cause is named', () => {
  const a = nodeWith('n0001', 'gpu', 2);
  const b = nodeWith('n0002', 'gpu', 2);
  const crash = say({ kind: 'done', ok: false, owner: 'node', code: 'CUDA_ERROR', message: 'x' });
  const hang = { ended: 'timed-out' } as const;
  const one = readSession(suite, of, [
    { node: a, stdout: '', exit: hang },
    { node: b, stdout: crash, exit: { ended: 'exited', code: 1 } },
  ]).outcome;
  assert.equal(one.status === 'failed' && [one.owner, one.code, one.suspects], [
    'node',
    'CUDA_ERROR',
    ['n0002'],
  ]);
  const both = readSession(suite, of, [
    { node: a, stdout: '', exit: hang },
    { node: b, stdout: '', exit: hang },
  ]).outcome;
  assert.equal(both.status === 'failed' && [both.owner, both.code], ['group', 'HANG']);
});

test('a value for a group is owed once, by whichever group comes', () => {
  const pair: Case = { ...of, scope: 'pair', gives: [{ metric: 'nccl.x', per: 'link' }] };
  const owed = expectations(pair, [nodeWith('n0001', 'gpu'), nodeWith('n0002', 'gpu')]);
  assert.is(owed.missing().length, 1);
  const at = { step: 0, node: 'n0001', stream: 'stdout', line: 1 } as const;
  const subject = { kind: 'link', ends: ['n0001', 'n0002'], finest: 'path' } as const;
  const value = {
    kind: 'sample',
    metric: 'nccl.x',
    subject,
    parameters: { size: 8 },
    value: 1,
    at,
  } as const;
  assert.is(owed.take(value), undefined);
  assert.match(owed.take(value) ?? '', /twice/u);
  assert.is(owed.missing().length, 0);
});

test.run();
