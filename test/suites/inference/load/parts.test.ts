import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Answer } from '../../../../suites/inference/load/answer.ts';
import { EventCutter } from '../../../../suites/inference/load/events.ts';
import { prompt } from '../../../../suites/inference/load/prompt.ts';
import { schedule } from '../../../../suites/inference/load/schedule.ts';
import { apiBase, target } from '../../../../suites/inference/load/target.ts';
import { readTrace } from '../../../../suites/inference/load/trace.ts';

const OF = { requests: 20_000, rate: 100, input: 8, output: 4 };

test('a Poisson schedule: absolute, seeded, not rescaled to its mean', () => {
  const one = schedule({ kind: 'poisson' }, OF, 1, 0);
  assert.equal(one, schedule({ kind: 'poisson' }, OF, 1, 0));
  const last = one.at(-1)?.at ?? 0;
  // Mean 200 s, standard deviation √20000 / 100 = 1.4 s; a rescaled one would end at 200 s sharp.
  assert.ok(Math.abs(last - 200) < 6 && Math.abs(last - 200) > 1e-6, String(last));
  const other = schedule({ kind: 'poisson' }, OF, 1, 1);
  assert.is.not(other[0]?.at, one[0]?.at);
  const gaps = one.map((item, k) => item.at - (one[k - 1]?.at ?? 0));
  const variance = gaps.reduce((sum, gap) => sum + (gap - 0.01) ** 2, 0) / gaps.length;
  assert.ok(Math.abs(Math.sqrt(variance) / 0.01 - 1) < 0.03);
});

test('constant and bursts keep the rate', () => {
  assert.is(schedule({ kind: 'constant' }, OF, 1, 0).at(-1)?.at, 199.99);
  const bursts = schedule({ kind: 'bursts', size: 8 }, OF, 1, 0);
  assert.is(bursts[0]?.at, bursts[7]?.at);
  assert.ok((bursts[8]?.at ?? 0) > (bursts[7]?.at ?? 0));
  assert.ok(Math.abs((bursts.at(-1)?.at ?? 0) - 200) < 20);
});

test('a trace gives moments and lengths; a line that is none is named', () => {
  const text =
    '{"timestamp": 1000, "input_length": 10, "output_length": 2, "hash_ids": [1]}\n\n{"timestamp": 3000, "input_length": 20, "output_length": 5}\n';
  const played = schedule(
    { kind: 'trace', speed: 2 },
    { ...OF, requests: 2 },
    1,
    0,
    readTrace(text),
  );
  assert.equal(played, [
    { index: 0, at: 0, input: 10, output: 2 },
    { index: 1, at: 1, input: 20, output: 5 },
  ]);
  assert.throws(() => readTrace(`${text}{"timestamp": 1}\n`), /line 3 of the trace/u);
  assert.throws(() => readTrace('nothing'), /line 1 of the trace/u);
});

function cut(...pieces: readonly Buffer[]): string[] {
  const cutter = new EventCutter();
  const seen: string[] = [];
  for (const piece of pieces) assert.ok(cutter.push(piece, (data) => seen.push(data)));
  return seen;
}

test('events come out whole, wherever the network cut them', () => {
  const bytes = Buffer.from(
    'data: {"a":"ü€😀"}\n\n: comment\n\ndata:two\r\n\r\ndata: x\ndata: y\n\n',
  );
  const wanted = ['{"a":"ü€😀"}', 'two', 'x\ny'];
  assert.equal(cut(bytes), wanted);
  for (let at = 1; at < bytes.length; at += 1) {
    assert.equal(cut(bytes.subarray(0, at), bytes.subarray(at)), wanted);
  }
  assert.equal(cut(...[...bytes].map((byte) => Buffer.from([byte]))), wanted);
});

test('a line without end is no stream of tokens', () => {
  const cutter = new EventCutter();
  const piece = Buffer.alloc(1024 * 1024, 97);
  const pushed = Array.from({ length: 6 }, () => cutter.push(piece, () => undefined));
  assert.is(pushed.at(-1), false);
});

test('text is told from roles, empty chunks, usage and ends', () => {
  const answer = new Answer();
  const chat = (delta: object, more = {}) => JSON.stringify({ choices: [{ delta, ...more }] });
  assert.not(answer.event(chat({ role: 'assistant', content: '' })));
  assert.ok(answer.event(chat({ content: 'a' })));
  assert.ok(answer.event(chat({ reasoning_content: 'hm' })));
  assert.not(answer.event(chat({ content: null })));
  assert.ok(answer.event(JSON.stringify({ choices: [{ text: 'a' }] })));
  assert.not(answer.finished);
  assert.not(answer.event(chat({}, { finish_reason: 'length' })));
  assert.ok(answer.finished);
  assert.not(answer.event('{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}'));
  assert.is(answer.usage, 2);
  assert.is(answer.prompt, 3);
  assert.is(answer.wrong, undefined);
});

test('an error in a stream, and what is no JSON, are wrong', () => {
  const wrong = (data: string) => {
    const answer = new Answer();
    answer.event(data);
    return answer.wrong;
  };
  assert.is(wrong('{"error":{"message":"no"}}'), 'error-body');
  assert.is(wrong('{"choices":['), 'unreadable');
  assert.is(wrong('7'), 'unreadable');
  assert.is(wrong('{"choices":"none"}'), undefined);
  assert.is(wrong('{"error":null,"choices":[null]}'), undefined);
});

test('no two prompts are alike, and each has its length', () => {
  assert.is(prompt(50, 1, 0, 7).split(' ').length, 50);
  assert.is(prompt(50, 1, 0, 7), prompt(50, 1, 0, 7));
  assert.is.not(prompt(50, 1, 0, 7), prompt(50, 1, 0, 8));
});

test('a request names the model, asks for a stream with usage, and carries the key in its header only', () => {
  const settings = {
    url: 'https://host:8/api/v1/',
    model: 'm',
    body: { ignore_eos: true },
    seed: 1,
    timeout: 1,
    key: 'sk-secret',
  };
  const chat = target({ ...settings, api: 'chat' });
  assert.is(chat.origin, 'https://host:8');
  assert.is(chat.path, '/api/v1/chat/completions');
  assert.is(chat.headers['authorization'], 'Bearer sk-secret');
  const body = chat.body({ index: 3, at: 0, input: 2, output: 9 }, 0);
  assert.not(body.includes('sk-secret'));
  const { messages, ...rest } = JSON.parse(body) as { messages: { content: string }[] };
  assert.is(messages[0]?.content.split(' ').length, 2);
  assert.equal(rest, {
    max_tokens: 9,
    model: 'm',
    stream: true,
    stream_options: { include_usage: true },
    ignore_eos: true,
  });
  assert.is(target({ ...settings, api: 'completions' }).path, '/api/v1/completions');
  assert.is(apiBase('http://h').base, '');
});

test.run();
