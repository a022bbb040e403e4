/** Nights through the real command line: a loss that is found, told once, kept open and closed; and what goes wrong. */
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deliverySlug } from '../../campaign/history/delivery-file.ts';
import type { NightFile } from '../../campaign/nightly/model.ts';
import { Workplace, json } from './command-line.ts';

const test = suite('nightly');
const place = new Workplace();
const HOST = '127.40.0.5';
const NIGHTS = join('runs/nights', deliverySlug('N-1'));
const told: { event: string; alarm: { id: string } | string }[] = [];
const server: Server = createServer((request, response) => {
  let body = '';
  request.on('data', (part: Buffer) => (body += part.toString()));
  request.on('end', () => {
    told.push(JSON.parse(body) as (typeof told)[number]);
    response.writeHead(204).end();
  });
});
test.after(() => {
  server.closeAllConnections();
  server.close();
  place.remove();
});

function plan(name: string, faults: readonly object[] = [], nightly: object = {}): string {
  return place.write(name, {
    assay: 1,
    seed: 40,
    delivery: {
      reference: 'N-1',
      provider: 'own',
      sku: 'h200-sxm',
      'accelerators-per-node': 4,
      price: { 'per-node-hour': 30, currency: 'USD' },
    },
    fleet: {
      runner: 'sim',
      nodes: 6,
      accelerators: 4,
      truth: { seed: 7, between: '0.5 %', within: '0.2 %' },
      values: [
        {
          metric: 'matmul.gemm.throughput',
          where: { mode: 'sustained' },
          value: '760 TFLOP/s',
        },
      ],
      faults,
    },
    suites: { matmul: { dtypes: ['bf16'], shapes: [8192] } },
    criteria: [
      {
        id: 'bf16-sustained',
        metric: 'matmul.gemm.throughput',
        where: { dtype: 'bf16', shape: 8192, mode: 'sustained', devices: 'all' },
        per: 'accelerator',
        'at-least': '700 TFLOP/s',
        nominal: '740 TFLOP/s',
        source: 'Annex B',
      },
    ],
    nightly: { every: '2 d', webhook: 'OPS_HOOK', 'webhook-secret': 'OPS_KEY', ...nightly },
  });
}

const night = async (file: string, date: string) => {
  const ran = await place.run('nightly', file, '--night', date);
  const path = place.path(NIGHTS, date, 'night.json');
  const done = existsSync(path)
    ? (json(place.path(NIGHTS, date), 'night.json') as NightFile)
    : undefined;
  return { ...ran, file: done };
};

const slow = [{ kind: 'slow', nodes: ['n0003'], by: '15 %' }];

test('quiet nights end in 0; a receiver that is down does not matter to them', async () => {
  place.environment['OPS_HOOK'] = `http://${HOST}:9/hook`;
  place.environment['OPS_KEY'] = 'whsec_a2V5';
  const accepted = await place.run('accept', plan('good.yaml'));
  assert.is(accepted.code, 0, accepted.text);
  for (const date of ['2099-01-02', '2099-01-03']) {
    const { code, text, file } = await night('good.yaml', date);
    assert.is(code, 0, text);
    assert.is(file?.nodes.tested, 6);
    assert.is(file?.origin, 'simulated');
  }
});

test('a loss is confirmed the same night, told at once, and the message waits for its receiver', async () => {
  const { code, text, file } = await night(plan('slow.yaml', slow), '2099-01-04');
  assert.is(code, 1, text);
  assert.ok((file?.opened.length ?? 0) > 0, text);
  assert.ok((file?.freshRuns.length ?? 0) >= 3, text);
  for (const { scope, serials, since, loss } of file?.opened ?? []) {
    assert.equal([scope.kind, serials], ['node', ['serial:SIM000003']]);
    assert.is(since, '2099-01-04');
    assert.ok(Math.abs((loss ?? 0) - 0.15) < 0.03);
  }
  const past = file?.opened.flatMap((alarm) => alarm.past) ?? [];
  assert.ok(past.some(({ criterion }) => criterion === 'bf16-sustained'));
  assert.match(text, /webhook messages wait/u);
  const folder = place.path(NIGHTS, '2099-01-04');
  assert.match(readFileSync(join(folder, 'nightly.html'), 'utf8'), /SIM000003/u);
  assert.match(readFileSync(join(folder, 'junit.xml'), 'utf8'), /<failure type="alarm"/u);
  assert.match(readFileSync(join(folder, 'summary.md'), 'utf8'), /Simulated/u);
  const prom = readFileSync(place.path('runs/nights', `assay-${deliverySlug('N-1')}.prom`), 'utf8');
  assert.match(
    prom,
    new RegExp(`assay_alarms_open\\{delivery="N-1"\\} ${file?.open.length}\\n`, 'u'),
  );
  // Neither a name nor a secret is in what is kept.
  assert.not.match(readFileSync(place.path('runs/history/history.json'), 'utf8'), /sim-sim/u);
});

test('the alarm stays open and is told once, when the receiver is back', async () => {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  place.environment['OPS_HOOK'] = `http://${HOST}:${(server.address() as AddressInfo).port}/hook`;
  const { code, text } = await night('slow.yaml', '2099-01-05');
  assert.is(code, 1, text);
  const file = json(place.path(NIGHTS, '2099-01-05'), 'night.json') as NightFile;
  assert.is(file.opened.length, 0);
  const opened = told.filter(({ event }) => event === 'alarm-opened');
  assert.is(opened.length, file.open.length);
  assert.is(new Set(opened.map(({ alarm }) => (alarm as { id: string }).id)).size, opened.length);
});

test('busy nodes are skipped; a busy program that fails means no night', async () => {
  const script = place.write('busy.sh', '#!/bin/sh\ngrep -E "00000[1-4]$" || true\n');
  chmodSync(script, 0o755);
  const skipping = await night(plan('busy.yaml', [], { busy: [script] }), '2099-01-07');
  assert.equal([skipping.file?.nodes.tested, skipping.file?.nodes.busy], [2, 4], skipping.text);
  assert.equal(skipping.file?.missed, ['2099-01-06']);
  const failing = await night(plan('failing.yaml', [], { busy: ['/bin/false'] }), '2099-01-08');
  assert.is(failing.code, 4, failing.text);
  assert.is(failing.file, undefined);
});

test('a passing confirmation closes it, and what was lost is priced', async () => {
  const first = await night('good.yaml', '2099-01-09');
  assert.ok((first.file?.closed.length ?? 0) > 0, first.text);
  // An alarm whose fresh runs say neither stays open for another night.
  const last = first.code === 0 ? first : await night('good.yaml', '2099-01-10');
  assert.is(last.code, 0, last.text);
  const opened = told.filter(({ event }) => event === 'alarm-opened');
  const closed = told.filter(({ event }) => event === 'alarm-closed');
  assert.is(closed.length, opened.length);
  const said = await place.run(
    'history',
    'availability',
    '--json',
    '--since',
    '2099-01-01',
    '--until',
    '2099-01-09',
  );
  const { lostDays, claim } = JSON.parse(said.stdout) as { lostDays: number; claim: object };
  // Accepted today by the run's own clock, which is before these nights.
  assert.ok(lostDays >= 5 && lostDays <= 6, String(lostDays));
  assert.equal(claim, { amount: lostDays * 24 * 30, currency: 'USD' });
});

test.run();
