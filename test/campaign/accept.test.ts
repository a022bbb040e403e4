import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { accept, resume } from '../../campaign/accept.ts';
import { openRun } from '../../campaign/directory/reader.ts';
import type { ProgressEvent } from '../../campaign/progress.ts';
import type { CampaignSetup } from '../../campaign/setup.ts';
import type { PlacedStep } from '../../runners/model.ts';
import { FakeFleet, type FakeProcess, fakeRunner } from './fake-fleet.ts';
import {
  fakeCase,
  fakeCompanion,
  fakeJudge,
  fakePlan,
  fakeSuite,
  fakeUnits,
} from './fake-suite.ts';

const test = suite('accept');

function setup(fleet: FakeFleet, change: Partial<CampaignSetup> = {}) {
  return {
    runner: fakeRunner(fleet),
    units: fakeUnits(),
    createJudge: fakeJudge(),
    version: '0.0.0-test',
    signal: new AbortController().signal,
    out: mkdtempSync(join(tmpdir(), 'assay-test-')),
    ...change,
  };
}

function good(step: PlacedStep, node: string): FakeProcess {
  if (step.suite === 'inventory') return { output: `machine=${node}\n` };
  return { output: `hello from ${node}\nvalue=${step.case === 'one' ? 120 : 130}\n` };
}

test('a run ends sealed, with every file of its directory and nothing of a host in the public ones', async () => {
  const fleet = new FakeFleet({ count: 4, process: good });
  const result = await accept(fakePlan(), setup(fleet));
  assert.is(result.sealed, true);
  assert.is(result.judgement?.verdict.lot.verdict, 'accept');
  assert.equal(readdirSync(result.path).sort(), [
    'evidence',
    'findings.parquet',
    'fleet.json',
    'journal.ndjson',
    'manifest.json',
    'plan.json',
    'private.json',
    'rejected.csv',
    'samples.parquet',
    'telemetry.parquet',
    'verdict.json',
  ]);
  for (const file of [
    'fleet.json',
    'journal.ndjson',
    'verdict.json',
    'rejected.csv',
    'plan.json',
  ]) {
    const text = readFileSync(join(result.path, file), 'utf8');
    assert.not.match(text, /secret-host|10\.0\.0\./u, file);
  }
  const run = await openRun(result.path);
  const samples = [];
  for await (const sample of run.samples()) samples.push(sample);
  assert.is(samples.length, 4 * 2 * 2);
  for (const sample of samples) {
    for await (const stream of run.streams()) {
      if (stream.key !== sample.evidence.stream) continue;
      assert.is(stream.sha256, sample.evidence.sha256);
      let text = '';
      for await (const bytes of run.bytes(stream)) text += Buffer.from(bytes).toString();
      assert.is(text.split('\n')[sample.evidence.line - 1], `value=${sample.value}`);
    }
  }
  await run.close();
  assert.is(fleet.mostOnNode, 1);
  assert.equal(fleet.released, [[]]);
});

test('a failing node is told at once, is in rejected.csv and its hook is called', async () => {
  const fleet = new FakeFleet({
    count: 3,
    process: (step, node) =>
      step.suite === 'fake' && node === 'n0002' ? { output: 'value=50\n' } : good(step, node),
  });
  const events: ProgressEvent[] = [];
  const out = mkdtempSync(join(tmpdir(), 'assay-test-'));
  const told = join(out, 'told.json');
  const plan = fakePlan();
  const result = await accept(
    { ...plan, fleet: { ...plan.fleet, onReject: ['tee', told], keep: 'rejected' } },
    setup(fleet, { progress: (event) => events.push(event) }),
  );
  assert.is(result.judgement?.verdict.lot.verdict, 'reject');
  const lines = readFileSync(join(result.path, 'rejected.csv'), 'utf8').trim().split('\n');
  assert.is(lines.length, 2);
  assert.match(lines[1] ?? '', /^n0002,serial:SN-2,SN-2,,speed,fake\.speed,50,at-least,100,B\/s,/u);
  const finding = events.findIndex((event) => event.kind === 'finding');
  const decided = events.findIndex((event) => event.kind === 'phase' && event.phase === 'judge');
  assert.ok(finding > 0 && finding < decided);
  assert.match(readFileSync(told, 'utf8'), /"node":"n0002"/u);
  assert.equal(fleet.released, [['n0002']]);
});

test('reach and harness faults get two more attempts, node faults none; all are kept', async () => {
  const tries = new Map<string, number>();
  const fleet = new FakeFleet({
    count: 8,
    process(step, node) {
      if (step.suite !== 'fake' || step.case !== 'one') return good(step, node);
      const n = (tries.get(node) ?? 0) + 1;
      tries.set(node, n);
      if (node === 'n0001' && n < 3) return { output: 'fault=harness NO_TORCH\n' };
      if (node === 'n0002' && n < 2)
        return { output: '', exit: { ended: 'lost', code: 'SSH_LOST', reason: 'cut' } };
      if (node === 'n0003') return { output: 'fault=node CUDA_ERROR\n' };
      return good(step, node);
    },
  });
  const result = await accept(fakePlan(), setup(fleet, { createJudge: fakeJudge(1) }));
  const run = await openRun(result.path);
  const seen: string[] = [];
  for await (const attempt of run.attempts()) {
    if (attempt.trial.case !== 'one' || attempt.trial.nodes[0]! > 'n0003') continue;
    const { outcome } = attempt;
    seen.push(
      `${attempt.id} ${outcome?.status === 'failed' ? `${outcome.owner} ${outcome.code}` : outcome?.status}`,
    );
  }
  await run.close();
  assert.equal(seen.sort(), [
    'one@n0001#0/0 harness NO_TORCH',
    'one@n0001#0/1 harness NO_TORCH',
    'one@n0001#0/2 measured',
    'one@n0002#0/0 reach SSH_LOST',
    'one@n0002#0/1 measured',
    'one@n0003#0/0 node CUDA_ERROR',
  ]);
});

test('a fleet event that touches a trial makes it reach', async () => {
  let once = true;
  const fleet: FakeFleet = new FakeFleet({
    count: 2,
    process(step, node) {
      if (step.suite === 'fake' && node === 'n0002' && once) {
        once = false;
        fleet.tell({
          at: new Date(0).toISOString(),
          nodes: ['n0002'],
          kind: 'maintenance',
          detail: 'host',
        });
        return { ...good(step, node), delay: 30 };
      }
      return good(step, node);
    },
  });
  const result = await accept(fakePlan(), setup(fleet));
  assert.equal(
    result.judgement?.verdict.attempts.map(
      ({ outcome }) => outcome.status === 'failed' && outcome.code,
    ),
    ['FLEET_MAINTENANCE'],
  );
  assert.is(result.judgement?.verdict.lot.verdict, 'accept');
});

test('an interrupted run is released, kept, not sealed, and resumed to the same verdict', async () => {
  const whole = await accept(fakePlan(), setup(new FakeFleet({ count: 3, process: good })));
  const abort = new AbortController();
  let started = 0;
  const fleet = new FakeFleet({
    count: 3,
    process(step, node) {
      started += 1;
      if (started === 7) abort.abort();
      return { ...good(step, node), delay: 2 };
    },
  });
  const cut = await accept(fakePlan(), setup(fleet, { signal: abort.signal }));
  assert.is(cut.sealed, false);
  assert.is(cut.stopped, 'interrupted');
  assert.equal(fleet.released, [[]]);
  const second = new FakeFleet({ count: 3, process: good });
  const end = await resume(cut.path, setup(second));
  assert.is(end.sealed, true);
  assert.is(
    readFileSync(join(end.path, 'verdict.json'), 'utf8'),
    readFileSync(join(whole.path, 'verdict.json'), 'utf8').replaceAll('', ''),
  );
});

test('a run without any node to reach ends in FLEET_UNREACHABLE and can be resumed', async () => {
  let cut = false;
  const fleet = new FakeFleet({
    count: 2,
    process(step, node) {
      if (step.suite === 'fake') cut = true;
      return cut
        ? { output: '', exit: { ended: 'lost', code: 'SSH_LOST', reason: 'network' } }
        : good(step, node);
    },
  });
  let error: unknown;
  try {
    await accept(fakePlan(), setup(fleet, { patience: 0.2 }));
  } catch (caught) {
    error = caught;
  }
  const { code, details } = error as { code: string; details: { run: string } };
  assert.is(code, 'FLEET_UNREACHABLE');
  assert.equal(fleet.released, [[]]);
  const end = await resume(details.run, setup(new FakeFleet({ count: 2, process: good })));
  assert.is(end.judgement?.verdict.lot.verdict, 'accept');
});

test('a budget stops the run before a trial that can not end in it; the rest is inconclusive', async () => {
  const fleet = new FakeFleet({ count: 2, process: good });
  const result = await accept(
    fakePlan({ budget: { wallTime: 50 } }),
    setup(fleet, {
      units: fakeUnits(fakeSuite([fakeCase('one'), { ...fakeCase('two'), expected: 60 }])),
    }),
  );
  assert.is(result.stopped, 'budget');
  assert.is(result.sealed, true);
  assert.is(result.judgement?.verdict.lot.verdict, 'inconclusive');
});

test("the capacity's own end is a deadline: no trial starts that can not end ten minutes before", async () => {
  const fleet = new FakeFleet({ count: 2, process: good });
  const ending = Object.assign(fleet, { until: new Date(Date.now() + 640_000) });
  const result = await accept(
    fakePlan(),
    setup(ending, {
      units: fakeUnits(fakeSuite([fakeCase('one'), { ...fakeCase('two'), expected: 60 }])),
    }),
  );
  assert.is(result.stopped, 'time');
  assert.is(result.sealed, true);
});

test('time for which nodes were held before they were handed over counts against the cap of cost', async () => {
  const fleet = new FakeFleet({ count: 2, process: good });
  const late = Object.assign(fleet, { heldBefore: 3600 });
  const plan = fakePlan({ budget: { cost: 5 } });
  const price = { perNodeHour: 2, currency: 'USD' };
  const priced = { ...plan, delivery: { ...plan.delivery, price } };
  const long = fakeUnits(fakeSuite([fakeCase('one'), { ...fakeCase('two'), expected: 1000 }]));
  const result = await accept(priced, setup(late, { units: long }));
  assert.is(result.stopped, 'budget');
});

test('a companion runs beside every trial, is stopped by its end, and its telemetry is kept', async () => {
  const fleet = new FakeFleet({
    count: 2,
    process(step, node) {
      if (step.suite === 'companion') return { output: 'heat=50\nheat=70\nheat=61\n' };
      return good(step, node);
    },
  });
  const result = await accept(
    fakePlan(),
    setup(fleet, { units: fakeUnits(fakeSuite(), fakeCompanion) }),
  );
  const run = await openRun(result.path);
  const rows = [];
  for await (const row of run.telemetry()) rows.push(row);
  await run.close();
  assert.is(rows.length, 2 * 2 * 2);
  const { n, min, median, max } = rows[0]!;
  assert.equal([n, min, median, max], [3, 50, 61, 70]);
});

test('timed trials of nodes that share a machine take turns', async () => {
  const process = (step: PlacedStep, node: string): FakeProcess =>
    step.suite === 'inventory'
      ? { output: 'machine=one\n', delay: 40 }
      : { ...good(step, node), delay: 40 };
  const timed = new FakeFleet({ count: 4, process });
  const plan = fakePlan();
  await accept(plan, setup(timed));
  const untimed = new FakeFleet({ count: 4, process });
  await accept(
    { ...plan, criteria: plan.criteria.map((one) => ({ ...one, decide: 'exact' as const })) },
    setup(untimed),
  );
  assert.ok((timed.most.get('inventory') ?? 0) > 1);
  assert.is(timed.most.get('fake'), 1);
  assert.ok((untimed.most.get('fake') ?? 0) > 1);
});

test.run();
