import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../../suites/inference/options.ts';
import { inference } from '../../../suites/inference/suite.ts';
import { nodeWith, readSession, theCase } from '../read-session.ts';

const node = nodeWith('n0001', 'cpu');
const suite = inference(schema.parse({}));

function recorded(file: string, exit: object = {}) {
  const stdout = readFileSync(
    new URL(`../../../fixtures/recorded/inference/${file}.ndjson`, import.meta.url),
    'utf8',
  );
  const of = theCase(suite, [node], 'inference.offline.small.fp32.tp1.32x4');
  return readSession(suite, of, [{ node, stdout, ...exit }]);
}

const values = ({ readings }: ReturnType<typeof recorded>) =>
  Object.fromEntries(
    readings.flatMap((one) => (one.kind === 'sample' ? [[one.metric, one.value]] : [])),
  );
const truths = ({ readings }: ReturnType<typeof recorded>) =>
  readings.flatMap((one) => (one.kind === 'check' ? [one.ok] : []));

test('a good run reads to the numbers that it prints', () => {
  const good = recorded('small-fp32-cpu-good');
  assert.equal(good.outcome, { status: 'measured' });
  assert.equal(values(good), GOOD);
  assert.equal(truths(good), [true]);
});

test('a slow run is measured as slow, not failed', () => {
  const slow = recorded('small-fp32-cpu-slow');
  assert.equal(slow.outcome, { status: 'measured' });
  const decode = 'inference.decode.throughput';
  assert.ok(
    (values(slow)[decode] ?? Infinity) < (values(recorded('small-fp32-cpu-good'))[decode] ?? 0),
  );
});

test('logits from a broken cache are measured and their check is false', () => {
  const wrong = recorded('small-fp32-cpu-wrong-result');
  assert.equal(wrong.outcome, { status: 'measured' });
  assert.equal(truths(wrong), [false]);
});

test('a crash and a cut are the node’s fault', () => {
  const crash = recorded('small-fp32-cpu-crash', { exit: { ended: 'exited', code: 1 } });
  assert.is(crash.outcome.status === 'failed' && crash.outcome.code, 'CRASHED');
  const cut = recorded('small-fp32-cpu-truncated', {
    exit: { ended: 'signalled', signal: 'SIGKILL' },
  });
  assert.equal(cut.outcome.status === 'failed' && [cut.outcome.owner, cut.outcome.code], [
    'node',
    'OUTPUT_INCOMPLETE',
  ]);
});

/** Read off the recording by hand. */
const GOOD = {
  'inference.first-token.time': 0.01861991499981741,
  'inference.prefill.throughput': 668.16696075635,
  'inference.decode.throughput': 326.8972441827279,
};

test.run();
