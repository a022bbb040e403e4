import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Histogram } from '../../../../suites/inference/window/histogram.ts';
import {
  isUnstreamed,
  outputTokens,
  requestTimes,
  usageProblem,
} from '../../../../suites/inference/window/request-times.ts';
import { decodeRow, encodeRow } from '../../../../suites/inference/window/row.ts';
import { isGood } from '../../../../suites/inference/window/slo.ts';
import { request, unanswered } from './rows.ts';

const file = new URL('../../../../fixtures/vectors/stats-vectors.json', import.meta.url);
const example = (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)[
  'llm_request_example'
] as {
  start: number;
  chunk_times: number[];
  completion_tokens: number;
  ttft: number;
  e2e: number;
  vllm: { itl: number[]; tpot: number };
  aiperf: { inter_token_latency: number };
  guidellm: { time_per_output_token: number };
};
const [first = 0] = example.chunk_times;
const last = example.chunk_times.at(-1) ?? 0;
const vector = request(0, example.start, {
  first,
  last,
  ended: last,
  chunks: example.chunk_times.length,
  usage: example.completion_tokens,
  asked: example.completion_tokens,
});

test('the worked example: TTFT and E2E from the scheduled moment, TPOT without TTFT', () => {
  const times = requestTimes(vector);
  assert.is(times?.ttft, example.ttft);
  assert.is(times?.e2e, example.e2e);
  assert.ok(Math.abs((times?.tpot ?? 0) - example.vllm.tpot) < 1e-12);
  assert.ok(Math.abs((times?.tpot ?? 0) - example.aiperf.inter_token_latency) < 1e-12);
  assert.ok(Math.abs((times?.tpot ?? 0) - example.guidellm.time_per_output_token) > 0.05);
});

test('the worked example: a token gap is its chunk gap over the chunk’s tokens, so their mean is TPOT', () => {
  const gaps = example.chunk_times.slice(1).map((at, k) => at - (example.chunk_times[k] ?? 0));
  gaps.forEach((gap, k) => assert.ok(Math.abs(gap - (example.vllm.itl[k] ?? 0)) < 1e-12));
  const each = (outputTokens(vector) - 1) / gaps.length;
  const mean = gaps.reduce((sum, gap) => sum + (gap / each) * each, 0) / (outputTokens(vector) - 1);
  assert.ok(Math.abs(mean - example.vllm.tpot) < 1e-12);
});

test('time is taken from the scheduled moment, however late the request left', () => {
  const late = request(0, 1, { dispatched: 4, sent: 4, first: 4.1, last: 4.4, ended: 4.4 });
  assert.ok(Math.abs((requestTimes(late)?.ttft ?? 0) - 3.1) < 1e-12);
});

test('a failed request has no latency, and is not good', () => {
  assert.is(requestTimes(unanswered(0, 0)), undefined);
  assert.not(isGood(unanswered(0, 0), {}));
  assert.ok(isGood(request(0, 0), {}));
});

test('usage that the chunks contradict is not believed', () => {
  const short = request(0, 0, { usage: 2 });
  assert.is(usageProblem(short), 'usage of 2 tokens in 4 chunks');
  assert.is(outputTokens(short), 4);
  assert.is(usageProblem(request(0, 0, { usage: 9 })), 'usage of 9 tokens where 4 were asked');
  assert.is(usageProblem(request(0, 0, { usage: 2.5 })), 'usage of 2.5 tokens');
  assert.is(usageProblem(request(0, 0)), undefined);
});

test('all tokens in one chunk give no time between tokens, and no good request where it is bound', () => {
  const whole = request(0, 0, { chunks: 1, last: 0.1, ended: 0.1, stall: 0 });
  assert.is(requestTimes(whole)?.tpot, undefined);
  assert.ok(isUnstreamed(whole));
  assert.not(isGood(whole, { tpot: 1 }));
  const single = request(0, 0, { chunks: 1, usage: 1, asked: 1, last: 0.1, ended: 0.1 });
  assert.not(isUnstreamed(single));
  assert.ok(isGood(single, { tpot: 1 }));
});

test('each bound of the SLO binds', () => {
  const row = request(0, 0);
  assert.ok(isGood(row, { ttft: 0.1001, tpot: 0.1001, e2e: 0.4001 }));
  assert.not(isGood(row, { ttft: 0.09 }));
  assert.not(isGood(row, { tpot: 0.09 }));
  assert.not(isGood(row, { e2e: 0.39 }));
});

test('a row comes back as it was written, to the microsecond', () => {
  for (const row of [request(3, 12.345678), unanswered(4, 1.5)]) {
    const back = decodeRow(encodeRow(row));
    assert.is.not(typeof back, 'string');
    if (typeof back === 'string') continue;
    assert.is(back.end, row.end);
    assert.is(back.usage, row.usage);
    assert.ok(Math.abs(back.ended - row.ended) < 2e-6);
    assert.is(back.first === undefined, row.first === undefined);
  }
});

test('a row that can’t be true is refused with the reason', () => {
  const good = [...encodeRow(request(0, 1))];
  const changed = (at: number, value: unknown) => {
    const row = decodeRow(good.with(at, value as number));
    return typeof row === 'string' ? row : 'a good row';
  };
  assert.match(JSON.stringify(decodeRow([1, 2])), /2 values, not 14/u);
  assert.match(changed(4, 'x'), /no number/u);
  assert.match(changed(6, null), /without ended/u);
  assert.match(changed(7, 99), /ended in 99/u);
  assert.match(changed(5, 10), /run backwards/u);
  assert.match(changed(9, 0), /do not agree/u);
});

test('pooled durations keep their percentiles to half a percent, merged or not', () => {
  const [one, other] = [new Histogram(), new Histogram()];
  assert.is(one.percentile(0.5), undefined);
  for (let k = 1; k <= 1000; k += 1) one.add(k / 1000);
  const pairs = one.pairs();
  for (let at = 0; at < pairs.length; at += 2) {
    other.addAt(pairs[at] as number, pairs[at + 1] as number);
  }
  for (const p of [0.5, 0.9, 0.99]) {
    assert.ok(Math.abs((one.percentile(p) ?? 0) / p - 1) < 0.006);
    assert.is(one.percentile(p), other.percentile(p));
  }
});

test.run();
