import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startViewer, type Viewer } from '../../../reports/viewer/viewer.ts';
import { rejects } from '../../rejects.ts';
import { RUNS, sampleRun } from '../sample-run.ts';

const dir = mkdtempSync(join(tmpdir(), 'assay-viewer-'));
const run = join(dir, 'run-1');
let viewer: Viewer;
let port: number;

test.before(async () => {
  mkdirSync(join(run, 'evidence'), { recursive: true });
  const { plan, verdict } = sampleRun(RUNS.golden);
  writeFileSync(join(run, 'plan.json'), JSON.stringify(plan));
  writeFileSync(join(run, 'verdict.json'), JSON.stringify(verdict));
  writeFileSync(join(run, 'report.html'), '<!doctype html><title>r</title>');
  writeFileSync(join(run, 'private.json'), '{"secret":1}');
  writeFileSync(join(run, 'journal.ndjson'), '{"seq":0,"at":"t","event":"run"}\n{"seq":1');
  writeFileSync(join(dir, 'outside.txt'), 'outside');
  mkdirSync(join(dir, 'run-2'));
  writeFileSync(join(dir, 'run-2', 'plan.json'), JSON.stringify(sampleRun(RUNS.hostile).plan));
  symlinkSync('/etc', join(dir, 'linked'));
  symlinkSync('/etc/hostname', join(run, 'summary.md'));
  viewer = await startViewer({ dir, host: '127.0.0.1', port: 0 });
  port = Number(new URL(viewer.url).port);
});
test.after(async () => {
  await viewer.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; port?: number } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {} } = options;
    const sent = request(
      { host: '127.0.0.1', port: options.port ?? port, path, method, headers },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

test('the list shows each run with verdict, delivery and origin, hostile ones as text', async () => {
  const { status, body, headers } = await ask('/');
  assert.is(status, 200);
  assert.match(body, /runs\/run-1\/report\.html/u);
  assert.match(body, /Rejected/u);
  assert.match(body, /Simulated/u);
  assert.match(body, /no verdict yet/u);
  assert.not.match(body, /<script>globalThis/u);
  assert.match(String(headers['content-security-policy']), /^default-src 'none'/u);
  assert.is(headers['x-content-type-options'], 'nosniff');
});

test('a report is given in an origin of its own, other files without any right', async () => {
  const report = await ask('/runs/run-1/report.html');
  assert.is(report.status, 200);
  assert.match(
    String(report.headers['content-security-policy']),
    /^sandbox allow-scripts; default-src 'none'/u,
  );
  assert.is((await ask('/runs/run-1/verdict.json')).headers['content-type'], 'application/json');
});

test('no path leads out of the folder or to what is not offered', async () => {
  for (const path of [
    '/runs/../outside.txt',
    '/runs/run-1/../../outside.txt',
    '/runs/run-1/..%2f..%2foutside.txt',
    '/runs/%2e%2e/outside.txt',
    '/runs/linked/hostname',
    '/runs/run-1/summary.md',
    '/runs/run-1/private.json',
    '/runs/run-1/evidence',
    '/runs/run-1/constructor',
    '/runs/run-1/plan.json%00.html',
    '/runs/./outside.txt',
    '/outside.txt',
    '//etc/passwd',
    '/runs/run-1//etc/passwd',
    '/runs/nothing/',
  ]) {
    assert.is((await ask(path)).status, 404, path);
  }
});

test('a foreign host name is refused, so that no other site reads through the browser', async () => {
  assert.is((await ask('/', { headers: { host: 'evil.example' } })).status, 421);
  assert.is((await ask('/', { headers: { host: `evil.example:${port}` } })).status, 421);
  assert.is((await ask('/', { headers: { host: `localhost:${port}` } })).status, 200);
});

test('nothing can be written, sent or made too long', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    assert.is((await ask('/', { method })).status, 405, method);
  }
  assert.is((await ask('/', { headers: { 'content-length': '0' } })).status, 413);
  assert.is((await ask(`/${'x'.repeat(3000)}`)).status, 414);
  assert.is((await ask('/', { headers: { 'x-long': 'x'.repeat(20_000) } })).status, 431);
});

test('garbage on the wire does not end the viewer', async () => {
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end('\u0000\u0001 nonsense\r\n\r\n'));
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
    socket.resume();
  });
  assert.is((await ask('/')).status, 200);
});

test('events come as whole lines, and new ones as they are written', async () => {
  const lines = await new Promise<string[]>((resolve, reject) => {
    const seen: string[] = [];
    const sent = request({ host: '127.0.0.1', port, path: '/runs/run-1/events' }, (response) => {
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        for (const line of chunk.split('\n'))
          if (line.startsWith('data: ')) seen.push(line.slice(6));
        if (seen.length === 1)
          appendFileSync(join(run, 'journal.ndjson'), ',"at":"u","event":"end"}\n');
        if (seen.length >= 2) {
          sent.destroy();
          resolve(seen);
        }
      });
    });
    sent.on('error', reject);
    sent.end();
  });
  assert.equal(
    lines.map((line) => JSON.parse(line).event),
    ['run', 'end'],
  );
});

test('beyond loopback a token is needed; it becomes a cookie that no other site sends', async () => {
  await rejects(startViewer({ dir, host: '0.0.0.0', port: 0 }), 'USAGE');
  const guarded = await startViewer({ dir, host: '0.0.0.0', port: 0, token: 'open sesame' });
  const there = { port: Number(new URL(guarded.url).port) };
  try {
    assert.is((await ask('/', there)).status, 401);
    assert.is((await ask('/?token=wrong', there)).status, 401);
    const { status, headers } = await ask('/?token=open%20sesame', there);
    assert.is(status, 303);
    const cookie = String(headers['set-cookie']);
    assert.match(cookie, /HttpOnly; SameSite=Strict/u);
    assert.not.match(cookie, /sesame/u);
    const kept = { ...there, headers: { cookie: cookie.split(';')[0] ?? '' } };
    assert.is((await ask('/', kept)).status, 200);
  } finally {
    await guarded.close();
  }
});

test('a folder that is not there and a taken port are named', async () => {
  await rejects(
    startViewer({ dir: join(dir, 'nowhere'), host: '127.0.0.1', port: 0 }),
    'RUN_UNREADABLE',
  );
  await rejects(startViewer({ dir, host: '127.0.0.1', port }), 'USAGE');
});

test('runs are found by a search, and the search is text on the page', async () => {
  assert.match((await ask('/?q=run-1')).body, /1 of 2 runs/u);
  const { body } = await ask(`/?q=${encodeURIComponent('"><script>x')}`);
  assert.match(body, /0 of 2 runs/u);
  assert.not.match(body, /<script>x/u);
});

test('a delivery is shown with its ledger; another name is refused', async () => {
  mkdirSync(join(dir, 'deliveries', 'msa-1'), { recursive: true });
  const lot = { verdict: 'reject', delivered: 12, accepted: 3, rejected: 1, notTested: 8 };
  const serial = (identity: string, verdict: string) => ({
    identity,
    verdict,
    reasons: verdict === 'fail' ? ['slow <b>'] : [],
    sightings: [{ run: 'run-1', node: 'n0001' }],
  });
  const step = { run: 'run-1', sealedAt: '2026-12-01T00:00:00Z', reference: 'one', fresh: 4 };
  writeFileSync(
    join(dir, 'deliveries', 'msa-1', 'verdict.json'),
    JSON.stringify({
      schema: 'assay/delivery/1',
      reference: 'MSA <1>',
      on: '2026-12-02',
      lot,
      serials: [serial('serial:A', 'pass'), serial('serial:B', 'fail')],
      runs: [{ ...step, own: 'reject', delivery: 'reject' }],
      notes: ['a note'],
    }),
  );
  assert.match((await ask('/')).body, /<a href="deliveries\/msa-1\/"><bdi>MSA &lt;1&gt;<\/bdi>/u);
  const { body } = await ask('/deliveries/msa-1/');
  assert.ok(body.indexOf('serial:B') < body.indexOf('serial:A'));
  assert.match(body, /slow &lt;b&gt;/u);
  assert.match((await ask('/deliveries/msa-1/?q=serial:a')).body, /1 of 2 serials/u);
  for (const path of ['/deliveries/none/', '/deliveries/../', '/deliveries/msa-1/verdict.json']) {
    assert.is((await ask(path)).status, 404, path);
  }
});

test('a file that goes away under a request ends that request alone', async () => {
  const file = join(run, 'findings.parquet');
  for (let at = 0; at < 40; at += 1) {
    writeFileSync(file, Buffer.alloc(1 << 20));
    const asked = ask('/runs/run-1/findings.parquet').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, at % 5));
    rmSync(file);
    await asked;
  }
  assert.is((await ask('/')).status, 200);
});

test.run();
