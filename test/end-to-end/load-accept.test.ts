/** `accept` on a server under load: one that runs, with a key, and one that the run starts and stops. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRun } from '../../campaign/directory/reader.ts';
import { startReference } from '../reference-llm.ts';
import { Workplace } from './command-line.ts';

const test = suite('accept a server under load');
const SERVER = fileURLToPath(new URL('../../fixtures/reference-llm/server.ts', import.meta.url));
const KEY = 'sk-live-0123456789abcdefghij';

/** Lateness is not what is tested here: this machine may be busy. */
const SERVING = {
  input: 8,
  output: 8,
  rates: ['200 req/s'],
  settle: '0.5 s',
  window: '3 s',
  lateness: '5 s',
  slo: { ttft: '3 s' },
};

function plan(inference: object, criteria: readonly object[]): object {
  return {
    assay: 1,
    seed: 5,
    delivery: { reference: 'load', provider: 'own', sku: 'cpu-reference', count: 1 },
    fleet: { runner: 'local', 'stand-in': true },
    suites: { inference },
    criteria,
    decision: { 'max-trials': 6 },
  };
}

const TTFT = {
  id: 'ttft',
  metric: 'inference.endpoint.ttft',
  where: { percentile: 0.99 },
  per: 'endpoint',
  decide: 'tail',
  'at-most': '3 s',
  source: 'contract',
};

function everything(folder: string, but?: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && one.name !== but)
    .map((one) => readFileSync(join(one.parentPath, one.name), 'latin1'))
    .join('\n');
}

const place = new Workplace();
test.after(() => place.remove());

test('a server that keeps its bound in three windows is accepted; its key is nowhere, its address in private.json alone; the run verifies', async () => {
  const server = await startReference({ ttft: 0.05, gap: 0.005, key: KEY });
  try {
    place.environment['SERVER_KEY'] = KEY;
    const serving = { ...SERVING, url: `${server.url}/team-7`, key: 'SERVER_KEY' };
    const file = place.write('endpoint.yaml', plan({ mode: 'endpoint', serving }, [TTFT]));
    const ran = await place.run('accept', file, '--out', 'runs-a');
    assert.is(ran.code, 0, ran.text);
    const [id = ''] = readdirSync(place.path('runs-a'));
    const folder = place.path('runs-a', id);
    assert.not(everything(folder).includes(KEY));
    assert.not(ran.text.includes(KEY));
    const { host } = new URL(server.url);
    assert.match(readFileSync(join(folder, 'private.json'), 'utf8'), `${host}/team-7`);
    const others = everything(folder, 'private.json');
    for (const word of [host, 'team-7']) assert.not(others.includes(word), word);
    const verified = await place.run('verify', folder);
    assert.is(verified.code, 0, verified.text);
    const run = await openRun(folder);
    const values: number[] = [];
    for await (const sample of run.samples()) {
      if (sample.metric === TTFT.metric && sample.parameters['percentile'] === 0.5) {
        values.push(sample.value);
        assert.is(sample.origin, 'stand-in');
      }
    }
    await run.close();
    assert.is(values.length, 3);
    assert.ok(values.every((value) => value > 0.035));
  } finally {
    await server.stop();
  }
});

test('server mode: started on its node, loaded from there, stopped; its own output is evidence', async () => {
  const options = JSON.stringify({ ttft: 0.02, gap: 0.002 });
  const command = [process.execPath, ...process.execArgv, SERVER, options, '{port}'];
  const serving = { ...SERVING, server: { command, ready: '/version' }, from: 'node' };
  const file = place.write('server.yaml', plan({ mode: 'server', serving }, [TTFT]));
  const ran = await place.run('accept', file, '--out', 'runs-b');
  assert.is(ran.code, 0, ran.text);
  const [id = ''] = readdirSync(place.path('runs-b'));
  const run = await openRun(place.path('runs-b', id));
  const logs: string[] = [];
  for await (const entry of run.streams()) {
    if (entry.suite === 'inference' && entry.node === 'n0001' && entry.stream === 'stdout') {
      let log = '';
      for await (const bytes of run.bytes(entry)) log += Buffer.from(bytes).toString('latin1');
      logs.push(log);
    }
  }
  await run.close();
  assert.is(logs.filter((log) => /^ready \d+/u.test(log)).length, 3);
});

test.run();
