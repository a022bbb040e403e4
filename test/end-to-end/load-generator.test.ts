/** The load generator against a real server in a process of its own: what it does with every bad answer. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { requestId } from '../../suites/inference/load/target.ts';
import { runLoad, type Loaded } from '../load-generator.ts';
import { startReference, type ReferenceServer } from '../reference-llm.ts';

const test = suite('load generator');

/** Lateness is not what is tested here: this machine may be busy. */
const BLOCK = {
  output: 8,
  input: 8,
  rates: ['40 req/s'],
  settle: '0 s',
  window: '1.2 s',
  timeout: '2 s',
  lateness: '5 s',
  slo: { ttft: '1 s' },
};

let server: ReferenceServer;
test.before(async () => {
  server = await startReference({ ttft: 0.05, gap: 0.005 });
});
test.after(async () => {
  await server.stop();
});

const against = async (fault: string, more: object = {}): Promise<Loaded> =>
  runLoad({ ...BLOCK, url: server.url, model: fault === '' ? '' : `fault-${fault}`, ...more });
const code = ({ outcome }: Loaded) =>
  outcome.status === 'failed' ? `${outcome.owner} ${outcome.code}` : outcome.status;
const ends = ({ rows }: Loaded) => [...new Set(rows.map(([, row]) => row.end))].join(' ');

test('a good server is measured, and its times are what it logged', async () => {
  const own = await startReference({ ttft: 0.05, gap: 0.005, perChunk: 2 });
  const loaded = await runLoad({ ...BLOCK, url: `${own.url}/v1/`, api: 'completions' });
  const sent = await own.stop();
  assert.is(code(loaded), 'measured');
  assert.is(loaded.rows.length, 48);
  assert.ok(loaded.rows.every(([, row]) => row.chunks === 4 && row.usage === 8));
  for (const [, row] of loaded.rows) {
    const truth = sent.get(requestId(0, row.index));
    const span = (truth?.sends.at(-1) ?? 0) - (truth?.sends[0] ?? 0);
    assert.ok(Math.abs((row.last ?? 0) - (row.first ?? 0) - span) < 0.25);
  }
  assert.ok((loaded.value('ttft', 0.5) ?? 0) > 0.03);
  assert.is(loaded.check('usage'), true);
  assert.is(loaded.check('streams'), true);
});

test('empty chunks are no tokens', async () => {
  const loaded = await against('empty-chunks');
  assert.is(code(loaded), 'measured');
  assert.ok(loaded.rows.every(([, row]) => row.chunks === 8));
});

test('an answer in one chunk is not streamed, and usage that lies is seen', async () => {
  const whole = await against('one-chunk', { rates: ['400 req/s'], window: '0.3 s' });
  assert.is(whole.check('streams'), false);
  const lying = await against('wrong-usage');
  assert.is(lying.check('usage'), false);
});

test('a stream that is closed in the middle is truncated', async () => {
  const loaded = await against('close');
  assert.is(ends(loaded), 'truncated');
  assert.is(code(loaded), 'node NO_ANSWER');
});

test('429 and 503 are refusals: counted, not sent again', async () => {
  const all = await Promise.all(
    ['429', '503'].map(async (status) => [status, await against(status)] as const),
  );
  for (const [status, loaded] of all) {
    assert.is(ends(loaded), 'refused');
    assert.is(loaded.rows.length, 48);
    assert.is(loaded.rows[0]?.[1].status, Number(status));
    assert.is(code(loaded), 'node NO_ANSWER');
  }
});

test('an error in a body or a stream of status 200 is an error', async () => {
  assert.is(ends(await against('error-body')), 'error-body');
  assert.is(ends(await against('error-event')), 'error-body');
});

test('a server that says nothing, or never ends, is given up at the time-out', async () => {
  const short = { timeout: '0.5 s', window: '0.5 s' };
  const all = await Promise.all(
    ['silent', 'endless'].map(async (fault) => [fault, await against(fault, short)] as const),
  );
  for (const [fault, loaded] of all) {
    assert.is(ends(loaded), 'timed-out', fault);
    assert.ok(loaded.rows.every(([, row]) => row.ended - row.scheduled < 2));
  }
});

test('a server that streams faster than it is read does not fill the memory', async () => {
  const loaded = await against('flood', { rates: ['4 req/s'], window: '0.5 s', timeout: '1.5 s' });
  assert.match(ends(loaded), /^(?:timed-out|too-long|timed-out too-long|too-long timed-out)$/u);
});

test('nobody listens: unreachable, with the code, and no latency', async () => {
  const loaded = await runLoad({ ...BLOCK, url: 'http://127.50.0.1:9' });
  assert.is(ends(loaded), 'unreachable');
  assert.is(code(loaded), 'node NO_ANSWER');
  assert.match(loaded.stdout, /ECONNREFUSED/u);
});

test('a certificate that nobody signed is refused; the key stays in the environment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = spawnSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=127.50.0.1 -addext subjectAltName=IP:127.50.0.1 -keyout ${key} -out ${cert}`.split(
      ' ',
    ),
  );
  assert.is(made.status, 0, String(made.stderr));
  const secret = 'sk-test-0123456789abcdef';
  const secure = await startReference({ tls: { key, cert }, ttft: 0.02, gap: 0.002, key: secret });
  try {
    const serving = { ...BLOCK, url: secure.url, key: 'TEST_KEY' };
    const refused = await runLoad(serving);
    assert.is(ends(refused), 'unreachable');
    const { outcome } = refused;
    assert.match(outcome.status === 'failed' ? outcome.message : '', /SELF_SIGNED.*serving\.ca/u);
    const trusting = { ...serving, ca: cert };
    const keyless = await runLoad({ ...trusting, key: 'NONE' });
    assert.is(keyless.rows[0]?.[1].status, 401);
    const good = await runLoad(trusting, { environment: { ASSAY_LOAD_KEY: secret } });
    assert.is(code(good), 'measured');
    assert.not(good.stdout.includes(secret));
  } finally {
    await secure.stop();
    rmSync(folder, { recursive: true });
  }
});

test('a rate above what this machine can send is refused, and it is our fault', async () => {
  const much = {
    rates: ['15000 req/s'],
    window: '0.3 s',
    lateness: '10 ms',
    threads: 1,
    output: 1,
  };
  const good = await against('', { ...much, timeout: '60 s' });
  assert.is(code(good), 'harness CLIENT_BOTTLENECK');
  assert.is(good.value('ttft', 0.5), undefined);
});

test.run();
