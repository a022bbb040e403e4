import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Node } from '../../../runners/model.ts';
import type { Reading } from '../../../suites/model.ts';
import { schema } from '../../../suites/inference/options.ts';
import { inference } from '../../../suites/inference/suite.ts';
import { encodeLateness } from '../../../suites/inference/window/lateness.ts';
import { encodeRow, type RequestRow } from '../../../suites/inference/window/row.ts';
import { suites } from '../../../suites/registry.ts';
import { nodeWith } from '../read-session.ts';
import { placed, simulated } from '../simulated.ts';
import { request, unanswered } from './window/rows.ts';

const NODE = nodeWith('n0001', 'gpu', 8);
const ENDPOINT = {
  url: 'http://127.50.0.1:8000',
  output: 4,
  rates: ['100 req/s'],
  settle: '1 s',
  window: '6 s',
  slo: { ttft: '200 ms' },
};
const EASE = {
  slipP50: 0,
  slipP99: 1e-3,
  slipMost: 1e-3,
  loopP99: 0,
  busy: 0.2,
  cpu: 1,
  seconds: 7,
};

const of = (serving: object, mode = 'endpoint') => inference(schema.parse({ mode, serving }));

function problems(block: object): string {
  const entry = suites.find((one) => one.id === 'inference');
  const configured = entry?.configure(block);
  return configured !== undefined && 'issues' in configured
    ? configured.issues.map((one) => `${one.path.join('.')} ${one.message} ${one.hint}`).join('; ')
    : '';
}

function read(
  lines: readonly object[],
  serving: object = ENDPOINT,
  nodes: readonly Node[] = [NODE],
) {
  const suite = of(serving);
  const [one] = suite.cases(nodes);
  if (one === undefined) throw new Error('no case');
  const steps = [
    { index: 0, nodes: nodes.map(({ id }) => id), on: 'controller', role: 'load' } as const,
  ];
  const reader = suite.reader({ case: one, attempt: 'a/0', nodes, steps });
  const readings: Reading[] = lines.flatMap((line, place) => {
    const from = { step: 0, node: 'controller', stream: 'stdout', line: place + 1 } as const;
    return [...reader.line(JSON.stringify({ assay: 1, ...line }), from)];
  });
  const exit = { node: 'controller', rank: 0, seconds: 1, ended: 'exited', code: 0 } as const;
  const ended = reader.end([{ ...exit, step: 0, role: 'load' }]);
  return { readings: [...readings, ...ended.readings], outcome: ended.outcome };
}

function load(make: (index: number, at: number) => RequestRow, lateness = EASE): object[] {
  const rows = Array.from({ length: 700 }, (_, k) => make(k, k / 100));
  return [
    ...rows.map((row) => ({ kind: 'row', of: 'request', values: [0, ...encodeRow(row)] })),
    { kind: 'row', of: 'chunk_gap', values: [0, 1152, 1800] },
    { kind: 'row', of: 'itl', values: [0, 1152, 1800] },
    { kind: 'row', of: 'window', values: [0, 100, 100, 600, ...encodeLateness(lateness)] },
    { kind: 'done', ok: true },
  ];
}

const value = (readings: readonly Reading[], metric: string, percentile?: number) =>
  readings.flatMap((one) =>
    one.kind === 'sample' &&
    one.metric === `inference.endpoint.${metric}` &&
    one.parameters['percentile'] === percentile
      ? [one]
      : [],
  )[0];

test('a window of rows comes to latencies, throughputs and checks, at the window’s line', () => {
  const { readings, outcome } = read(load((k, at) => request(k, at)));
  assert.equal(outcome, { status: 'measured' });
  const ttft = value(readings, 'ttft', 0.99);
  assert.ok(Math.abs((ttft?.value ?? 0) - 0.1) < 1e-6);
  assert.is(ttft?.at.line, 703);
  assert.equal(ttft?.subject, { kind: 'endpoint', endpoint: 'n0001', nodes: ['n0001'] });
  assert.is(ttft?.tally?.over, 0);
  assert.is(ttft?.parameters['slo'], 0.2);
  assert.ok((ttft?.tally?.of ?? 0) >= 600);
  const total = value(readings, 'output-throughput')?.value ?? 0;
  assert.ok(Math.abs(total - 400) < 30);
  assert.ok(
    Math.abs((value(readings, 'throughput-per-accelerator')?.value ?? 0) - total / 8) < 1e-9,
  );
  const checks = readings.filter((one) => one.kind === 'check');
  assert.is(checks.length, 3);
  assert.ok(checks.every((one) => one.ok));
});

test('a request beyond the bound is in the tally, a failed one too', () => {
  const { readings } = read(
    load((k, at) =>
      k % 100 === 50
        ? unanswered(k, at)
        : request(k, at, k % 100 === 60 ? { first: at + 0.3 } : {}),
    ),
  );
  // The rows of the warm-up that are kept count too: 6 or 7 of each kind.
  const { over = 0, of: all = 0 } = value(readings, 'ttft', 0.99)?.tally ?? {};
  assert.ok(over >= 12 && over <= 14 && all >= 600, `${over} of ${all}`);
  assert.ok((value(readings, 'answered-share')?.value ?? 1) < 0.991);
});

test('a generator that was late gives nothing, and it is nobody’s fault but ours', () => {
  const { readings, outcome } = read(load((k, at) => request(k, at), { ...EASE, slipP99: 0.2 }));
  assert.is(readings.filter((one) => one.kind === 'sample').length, 0);
  assert.is(outcome.status === 'failed' && outcome.owner, 'harness');
  assert.is(outcome.status === 'failed' && outcome.code, 'CLIENT_BOTTLENECK');
});

test('a server that answers nothing fails, without a single latency', () => {
  const { readings, outcome } = read(load((k, at) => unanswered(k, at)));
  assert.equal(readings, []);
  assert.is(outcome.status === 'failed' && outcome.code, 'NO_ANSWER');
  assert.is(outcome.status === 'failed' && outcome.owner, 'node');
  assert.equal(outcome.status === 'failed' && outcome.suspects, ['n0001']);
});

test('usage that lies, and answers that come in one chunk, are false', () => {
  const wrong = read(load((k, at) => request(k, at, { usage: 2 }))).readings;
  const usage = wrong.find((one) => one.kind === 'check' && one.name.endsWith('usage'));
  assert.ok(usage?.kind === 'check' && !usage.ok);
  const whole = read(load((k, at) => request(k, at, { chunks: 1, first: at + 0.4 }))).readings;
  const streams = whole.find((one) => one.kind === 'check' && one.name.endsWith('streams'));
  assert.ok(streams?.kind === 'check' && !streams.ok);
});

test('rows that were not asked for, told twice, left out or changed end the belief', () => {
  const all = load((k, at) => request(k, at));
  const code = (lines: readonly object[]) => {
    const { outcome } = read(lines);
    return outcome.status === 'failed' ? `${outcome.owner} ${outcome.code}` : outcome.status;
  };
  assert.is(code(all.slice(1)), 'harness OUTPUT_UNREADABLE');
  assert.is(code([all[0] as object, ...all]), 'harness OUTPUT_UNREADABLE');
  assert.is(code(all.slice(0, -1)), 'harness OUTPUT_INCOMPLETE');
  const window = { kind: 'row', of: 'window', values: [0, 50, 100, 600, ...encodeLateness(EASE)] };
  assert.is(code(all.with(702, window)), 'harness OUTPUT_UNREADABLE');
});

test('p99 is promised only where the window has requests enough', () => {
  const percentiles = (window: string) =>
    of({ ...ENDPOINT, window })
      .cases([NODE])[0]
      ?.gives.filter((one) => one.metric === 'inference.endpoint.ttft')
      .map((one) => one.parameters?.['percentile']);
  assert.equal(percentiles('6 s'), [0.5, 0.9, 0.99]);
  assert.equal(percentiles('4 s'), [0.5, 0.9]);
  assert.equal(percentiles('0.3 s'), [0.5]);
});

test('one URL is one endpoint of the whole fleet; one with an address, or a server, one a node', () => {
  const nodes = [NODE, nodeWith('n0002', 'gpu', 8)];
  assert.is(of(ENDPOINT).cases(nodes)[0]?.scope, 'lot');
  assert.is(of({ ...ENDPOINT, url: 'http://{address}:8000' }).cases(nodes)[0]?.scope, 'endpoint');
  assert.is(of(ENDPOINT).cases([NODE])[0]?.scope, 'endpoint');
});

test('server mode starts the server on its node, waits for it, and loads it from here', () => {
  const { url: _url, ...rest } = ENDPOINT;
  const command = ['vllm', 'serve', 'm', '--port', '{port}', '--host', '{address}'];
  const suite = of(
    {
      ...rest,
      server: { command, environment: { VLLM_API_KEY: { secret: 'KEY_A' } } },
      key: 'KEY_A',
    },
    'server',
  );
  const [one] = suite.cases([NODE]);
  const [server, loading] = one === undefined ? [] : suite.steps(one, [NODE]);
  assert.equal(server?.argv.slice(3), [
    '--port',
    { port: 'http' },
    '--host',
    { addressOf: 'n0001' },
  ]);
  assert.equal(server?.ready, { http: '/health' });
  assert.is(server?.on, 'each-node');
  assert.equal(server?.environment, { VLLM_API_KEY: { secret: 'KEY_A' } });
  assert.is(loading?.on, 'controller');
  assert.equal(loading?.environment, { ASSAY_LOAD_KEY: { secret: 'KEY_A' } });
});

test('from the node: the same generator as one file, each node to its own server', () => {
  const { url: _url, ...rest } = ENDPOINT;
  const nodes = [NODE, nodeWith('n0002', 'gpu', 8)];
  const server = { command: ['vllm', 'serve', 'm', '--port', '{port}'] };
  const suite = of({ ...rest, server, from: 'node', key: 'KEY_A' }, 'server');
  const [one] = suite.cases(nodes);
  assert.is(one?.scope, 'endpoint');
  assert.is(one?.parameters['from'], 'node');
  assert.match(one?.id ?? '', /^[a-z0-9._=-]+from-node[a-z0-9._=-]+$/u);
  const loading = one === undefined ? undefined : suite.steps(one, [NODE])[1];
  assert.is(loading?.on, 'each-node');
  const [program, file, , url] = loading?.argv ?? [];
  assert.is(program, 'node');
  assert.match(JSON.stringify(file), /\{"payload":".*on-node\.bundle\.mjs"\}/u);
  assert.is(url, 'http://{address}:{port}');
  assert.equal(loading?.environment, { ASSAY_LOAD_KEY: { secret: 'KEY_A' } });
  // A server that each node has already: a loopback address is its own.
  assert.is(of({ ...ENDPOINT, from: 'node' }).cases(nodes)[0]?.scope, 'endpoint');
  const shared = { ...ENDPOINT, url: 'http://llm.lab:8000', from: 'node' };
  assert.match(problems({ mode: 'endpoint', serving: shared }), /one server for all/u);
});

test('a node without Node.js is told what it lacks, and is not blamed', () => {
  const { url: _url, ...rest } = ENDPOINT;
  const suite = of({ ...rest, server: { command: ['vllm'] }, from: 'node' }, 'server');
  const [one] = suite.cases([NODE]);
  if (one === undefined) throw new Error('no case');
  const steps = suite
    .steps(one, [NODE])
    .map(({ nodes, on, role }, index) => ({ index, nodes, on, role }));
  const reader = suite.reader({ case: one, attempt: 'a/0', nodes: [NODE], steps });
  const at = { node: 'n0001', rank: 0, seconds: 1 };
  const { outcome } = reader.end([
    { ...at, step: 0, role: 'server', ended: 'stopped' },
    {
      ...at,
      step: 1,
      role: 'load',
      ended: 'not-started',
      code: 'TOOL_MISSING',
      reason: 'node: No such file or directory',
    },
  ]);
  assert.is(
    outcome.status === 'failed' && `${outcome.owner} ${outcome.code}`,
    'harness TOOL_MISSING',
  );
  assert.match(
    outcome.status === 'failed' ? outcome.message : '',
    /install Node\.js 20\.19 or newer/u,
  );
  assert.equal(outcome.status === 'failed' && outcome.suspects, []);
});

test('a key in the plan is refused, and never repeated', () => {
  const key = 'sk-proj-abcdefghijklmnop';
  const { url: _url, ...rest } = ENDPOINT;
  const blocks = [
    { mode: 'endpoint', serving: { ...ENDPOINT, key } },
    { mode: 'endpoint', serving: { ...ENDPOINT, key: [key] } },
    { mode: 'endpoint', serving: { ...ENDPOINT, 'api-key': key } },
    { mode: 'endpoint', serving: { ...ENDPOINT, url: `http://me:${key}@h:1` } },
    { mode: 'endpoint', serving: { ...ENDPOINT, url: `http://h:1/?token=${key}` } },
    { mode: 'endpoint', serving: { ...ENDPOINT, url: `http://h:1/${key}/v1` } },
    { mode: 'endpoint', serving: { ...ENDPOINT, body: { api_key: key } } },
    { mode: 'server', serving: { ...rest, server: { command: ['x', `--api-key=${key}`] } } },
    { mode: 'server', serving: { ...rest, server: { command: ['x', '--api-key', key] } } },
  ];
  for (const block of blocks) {
    const said = problems(block);
    assert.is.not(said, '', JSON.stringify(block));
    assert.not(said.includes(key), said);
  }
  assert.is(problems({ mode: 'endpoint', serving: { ...ENDPOINT, key: 'SERVER_KEY' } }), '');
});

test('what can’t be measured is refused before anything is touched', () => {
  const said = (more: object, mode = 'endpoint') =>
    problems({ mode, serving: { ...ENDPOINT, ...more } });
  assert.match(said({ rates: [] }), /nothing would be measured/u);
  assert.match(said({ search: {}, slo: {} }), /needs bounds/u);
  assert.match(said({}, 'offline'), /belongs to mode server or endpoint/u);
  assert.match(said({}, 'server'), /serving\.server is missing/u);
  assert.match(problems({ mode: 'endpoint' }), /mode endpoint loads a server/u);
  assert.is(said({ slo: 'llama3.1-8b-interactive' }), '');
});

test('a trace that is not there, is none or is too short is refused by name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-trace-'));
  const said = (name: string, text?: string) => {
    const trace = join(folder, name);
    if (text !== undefined) writeFileSync(trace, text);
    return problems({
      mode: 'endpoint',
      serving: {
        ...ENDPOINT,
        rates: ['2 req/s'],
        settle: '0 s',
        window: '1 s',
        arrivals: { trace },
      },
    });
  };
  const line = '{"timestamp": 0, "input_length": 3, "output_length": 2}\n';
  assert.match(said('none'), /arrivals\.trace .*none can't be read \(ENOENT\)/u);
  assert.match(said('bad', `${line}{}\n`), /bad: line 2 of the trace/u);
  assert.match(said('short', line), /short has 1 lines, .* asks for 2 requests/u);
  assert.is(said('good', line + line), '');
  rmSync(folder, { recursive: true });
});

test('a file of certificates is looked at with the plan, and goes with the generator', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-ca-'));
  const ca = join(folder, 'ca.pem');
  const said = () => problems({ mode: 'endpoint', serving: { ...ENDPOINT, ca } });
  assert.match(said(), /serving\.ca .*can't be read \(ENOENT\)/u);
  writeFileSync(ca, '-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n');
  assert.match(said(), /serving\.ca .*holds no certificate/u);
  writeFileSync(ca, rootCertificates[0] ?? '');
  assert.is(said(), '');
  const suite = of({ ...ENDPOINT, ca });
  const [one] = suite.cases([NODE]);
  const [step] = one === undefined ? [] : suite.steps(one, [NODE]);
  assert.equal(step?.environment, { NODE_EXTRA_CA_CERTS: { here: ca } });
  rmSync(folder, { recursive: true });
});

test('a simulated endpoint gives what it truly is, through the same reader', () => {
  const suite = of(ENDPOINT);
  const [one] = suite.cases([NODE]);
  const [step] = one === undefined ? [] : suite.steps(one, [NODE]);
  if (step === undefined) throw new Error('no step');
  const truth = simulated(NODE, (metric) => (metric.endsWith('.ttft') ? 0.15 : 0.02));
  const lines = [...suite.simulate(placed(step), truth, [])].map(
    (line) => JSON.parse(line) as object,
  );
  const { readings, outcome } = read(lines);
  assert.equal(outcome, { status: 'measured' });
  assert.ok(Math.abs((value(readings, 'ttft', 0.5)?.value ?? 0) / 0.15 - 1) < 0.03);
  assert.ok(Math.abs((value(readings, 'tpot_excl_ttft', 0.5)?.value ?? 0) / 0.02 - 1) < 0.03);
});

test.run();
