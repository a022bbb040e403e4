/** Row 19: `vllm bench serve` prints latencies of 0 ms and a warning where every request failed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../suites/inference/options.ts';
import { inference } from '../../suites/inference/suite.ts';
import { encodeLateness } from '../../suites/inference/window/lateness.ts';
import { encodeRow } from '../../suites/inference/window/row.ts';
import { nodeWith } from '../suites/read-session.ts';
import { unanswered } from '../suites/inference/window/rows.ts';

/** benchmarks/serve.py: means of `outputs or 0`. */
function vllm(latencies: readonly number[]): number {
  return latencies.length === 0
    ? 0
    : latencies.reduce((sum, one) => sum + one, 0) / latencies.length;
}

const NODE = nodeWith('n0001', 'gpu', 8);

function failing(share: number) {
  const suite = inference(
    schema.parse({
      mode: 'endpoint',
      serving: {
        url: 'http://h:1',
        output: 4,
        rates: ['100 req/s'],
        settle: '0 s',
        window: '6 s',
        slo: { ttft: '200 ms' },
      },
    }),
  );
  const [one] = suite.cases([NODE]);
  if (one === undefined) throw new Error('no case');
  const steps = [{ index: 0, nodes: ['n0001'], on: 'controller', role: 'load' } as const];
  const reader = suite.reader({ case: one, attempt: 'a/0', nodes: [NODE], steps });
  const lateness = { slipP50: 0, slipP99: 0, slipMost: 0, loopP99: 0, busy: 0, cpu: 1, seconds: 6 };
  const good = (k: number) => ({
    ...unanswered(k, k / 100, k / 100 + 0.04),
    first: k / 100 + 0.01,
    last: k / 100 + 0.04,
    end: 'ok' as const,
    status: 200,
    chunks: 4,
  });
  const values = [
    ...Array.from({ length: 600 }, (_, k) => [
      'request',
      encodeRow(k % 100 < share * 100 ? unanswered(k, k / 100) : good(k)),
    ]),
    ['chunk_gap', share < 1 ? [900, 900] : []],
    ['itl', share < 1 ? [900, 900] : []],
    ['window', [100, 0, 600, ...encodeLateness(lateness)]],
  ] as const;
  const said = [
    ...values.map(([of, row]) => ({
      assay: 1,
      kind: 'row',
      of,
      values: [0, ...(row as number[])],
    })),
    { assay: 1, kind: 'done', ok: true },
  ];
  const readings = said.flatMap((line, place) => [
    ...reader.line(JSON.stringify(line), {
      step: 0,
      node: 'controller',
      stream: 'stdout',
      line: place + 1,
    }),
  ]);
  const exit = { node: 'controller', rank: 0, seconds: 1, ended: 'exited', code: 0 } as const;
  return { readings, outcome: reader.end([{ ...exit, step: 0, role: 'load' }]).outcome };
}

test('row 19, vllm: every request failed, and the mean latency is 0 ms there', () => {
  assert.is(vllm([]), 0);
});

test('row 19, vllm: every request failed, and the endpoint fails without a latency here', () => {
  const { readings, outcome } = failing(1);
  assert.equal(readings, []);
  assert.is(outcome.status === 'failed' && `${outcome.owner} ${outcome.code}`, 'node NO_ANSWER');
});

test('row 19, vllm: where some failed, they are in the tail as the time-out and in the tally', () => {
  const { readings, outcome } = failing(0.05);
  assert.is(outcome.status, 'measured');
  const tail = readings.find(
    (one) =>
      one.kind === 'sample' &&
      one.metric === 'inference.endpoint.ttft' &&
      one.parameters['percentile'] === 0.99,
  );
  assert.ok(tail?.kind === 'sample' && tail.value === 60);
  assert.equal(tail?.kind === 'sample' && tail.tally, { over: 30, of: 600 });
});

test.run();
