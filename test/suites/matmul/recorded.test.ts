import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../../suites/matmul/options.ts';
import { matmul } from '../../../suites/matmul/suite.ts';
import { nodeWith, readSession, theCase } from '../read-session.ts';

const node = nodeWith('n0001', 'cpu');
const suite = matmul(schema.parse({ dtypes: ['fp32', 'bf16', 'fp16'] }));

function recorded(file: string, id: string, exit: object = {}) {
  const stdout = readFileSync(
    new URL(`../../../fixtures/recorded/matmul/${file}.ndjson`, import.meta.url),
    'utf8',
  );
  return readSession(suite, theCase(suite, [node], id), [{ node, stdout, ...exit }]);
}

const values = ({ readings }: ReturnType<typeof recorded>) =>
  readings.flatMap((one) => (one.kind === 'sample' ? [one.value] : []));
const truths = ({ readings }: ReturnType<typeof recorded>) =>
  Object.fromEntries(readings.flatMap((one) => (one.kind === 'check' ? [[one.name, one.ok]] : [])));

const FP32 = 'matmul.gemm.fp32.512.all';

test('good runs read to the numbers that they print', () => {
  const fp32 = recorded('gemm-fp32-512-cpu-good', FP32);
  assert.equal(fp32.outcome, { status: 'measured' });
  assert.equal(values(fp32), GOOD.fp32);
  assert.equal(truths(fp32), { 'matmul.gemm.reference': true, 'matmul.gemm.correct': true });
  const bf16 = recorded('gemm-bf16-512-cpu-good', 'matmul.gemm.bf16.512.all');
  assert.equal(values(bf16), GOOD.bf16);
  const memory = recorded('memory-256MiB-cpu-good', 'matmul.memory.268435456.all');
  assert.equal(memory.outcome, { status: 'measured' });
  assert.equal(values(memory), GOOD.memory);
});

test('a slow run is measured as slow, not failed', () => {
  const slow = recorded('gemm-fp32-512-cpu-slow', FP32);
  assert.equal(slow.outcome, { status: 'measured' });
  assert.ok((values(slow)[0] ?? Infinity) < 2e9);
});

test('a wrong product is measured and its check is false', () => {
  const wrong = recorded('gemm-fp32-512-cpu-wrong-result', FP32);
  assert.equal(wrong.outcome, { status: 'measured' });
  assert.is(truths(wrong)['matmul.gemm.correct'], false);
});

test('a dtype that the device lacks is not supported here', () => {
  const lacking = recorded('gemm-fp16-512-cpu-not-supported', 'matmul.gemm.fp16.512.all', {
    exit: { ended: 'exited', code: 1 },
  });
  assert.equal(lacking.outcome, { status: 'measured' });
  assert.ok(lacking.readings.some((one) => one.kind === 'fact' && one.name === 'not-supported'));
});

test('a crash and a cut are the node’s fault', () => {
  const crash = recorded('gemm-fp32-512-cpu-crash', FP32, { exit: { ended: 'exited', code: 1 } });
  assert.is(crash.outcome.status === 'failed' && crash.outcome.code, 'CRASHED');
  const cut = recorded('gemm-fp32-512-cpu-truncated', FP32, {
    exit: { ended: 'signalled', signal: 'SIGKILL' },
  });
  assert.equal(cut.outcome.status === 'failed' && [cut.outcome.owner, cut.outcome.code], [
    'node',
    'OUTPUT_INCOMPLETE',
  ]);
});

test('an output of another case is refused', () => {
  const other = recorded('gemm-fp32-512-cpu-good', 'matmul.gemm.bf16.512.all');
  assert.is(other.outcome.status === 'failed' && other.outcome.code, 'OUTPUT_UNREADABLE');
  assert.equal(values(other), []);
});

/** Read off the recordings by hand. */
const GOOD = {
  fp32: [982183051.8815604, 2168926663.3729424],
  bf16: [150318921531.4679, 215240490655.92764],
  memory: [10651748054.506058],
};

test.run();
