import { appendFileSync, cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { accept } from '../../../campaign/accept.ts';
import { deliverySlug, writeDelivery } from '../../../campaign/history/delivery-file.ts';
import { placeOf } from '../../../campaign/history/machines.ts';
import { claimedOtherwise, deliveryRuns } from '../../../campaign/history/runs.ts';
import { withHistory } from '../../../campaign/history/store.ts';
import { deliveryOf, termsOf } from '../../../campaign/history/terms.ts';
import type { HarnessError } from '../../../plan/errors.ts';
import type { Plan } from '../../../plan/model.ts';
import { FakeFleet, fakeRunner } from '../fake-fleet.ts';
import { fakeCompanion, fakeJudge, fakePlan, fakeSuite, fakeUnits } from '../fake-suite.ts';

const test = suite('history');
const out = mkdtempSync(join(tmpdir(), 'assay-history-'));
const sealed = join(out, 'sealed');
test.after(() => rmSync(out, { recursive: true, force: true }));

const plan: Plan = { ...fakePlan(), into: 'MSA' };
let folders = 0;

/** A folder of runs: copies of the one that was measured, under these names. */
function runsFolder(...names: readonly string[]): string {
  folders += 1;
  const folder = join(out, `runs-${folders}`);
  for (const name of names) cpSync(sealed, join(folder, name), { recursive: true });
  return folder;
}

/** The delivery's runs, by a history in the folder itself. */
async function read(folder: string, reference: string, kept = join(folder, 'history')) {
  return withHistory(kept, async (history) => ({
    ...(await deliveryRuns(history, folder, reference)),
    id: history.catalogue.id,
  }));
}

test.before(async () => {
  const fleet = new FakeFleet({
    count: 2,
    process: (step, node) => ({
      output: step.suite === 'inventory' ? `machine=${node}\n` : 'value=120\n',
    }),
  });
  const { path } = await accept(plan, {
    runner: fakeRunner(fleet),
    units: fakeUnits(fakeSuite(), fakeCompanion),
    createJudge: fakeJudge(),
    version: '0.0.0-test',
    signal: new AbortController().signal,
    out: join(out, 'measured'),
    id: 'one',
  });
  renameSync(path, sealed);
});

test('a sealed run counts into the delivery that it names, with its names and identities', async () => {
  const { runs, notCounted, known, names, id } = await read(runsFolder('one'), 'MSA');
  assert.equal(notCounted, []);
  assert.equal(known, ['MSA']);
  assert.is(runs.length, 1);
  const [run] = runs;
  assert.is(run?.run, 'one');
  assert.is(run?.terms, termsOf(plan));
  assert.equal(
    run?.nodes.map(({ id, name, identity }) => [id, name, identity[0]?.value]),
    [
      ['n0001', placeOf(id, 'secret-host-1.lab'), 'SN-1'],
      ['n0002', placeOf(id, 'secret-host-2.lab'), 'SN-2'],
    ],
  );
  assert.is(names.get('one/n0002'), 'secret-host-2.lab');
});

test('a run of another delivery, a folder that is no run and a delivery’s own are passed over', async () => {
  const folder = runsFolder('one');
  await writeDelivery(folder, { reference: 'MSA' });
  const { runs, notCounted, known } = await read(folder, 'other');
  assert.equal([runs, notCounted, known], [[], [], ['MSA']]);
});

test('what can’t be counted is named with the reason', async () => {
  const folder = runsFolder('a', 'b', 'c', 'd', 'e');
  rmSync(join(folder, 'b', 'manifest.json'));
  appendFileSync(join(folder, 'c', 'verdict.json'), ' ');
  writeFileSync(join(folder, 'd', 'plan.json'), '{');
  rmSync(join(folder, 'e', 'private.json'));
  const { runs, notCounted } = await read(folder, 'MSA');
  assert.equal(
    runs.map((one) => one.run),
    ['one'],
  );
  const why = Object.fromEntries(notCounted.map((one) => [one.run, one]));
  assert.match(why['b']?.why ?? '', /not sealed/u);
  assert.match(why['c']?.why ?? '', /not those that were sealed \(verdict\.json: has \d+ bytes/u);
  assert.match(why['d']?.why ?? '', /plan\.json .*whose it is can't be told/u);
  assert.match(why['e']?.why ?? '', /copy of run one/u);
  assert.equal(
    ['b', 'c', 'd', 'e'].map((name) => why[name]?.bars),
    [false, true, true, false],
  );
});

test('a copy without private.json counts, its hosts unnamed', async () => {
  const folder = runsFolder('one');
  rmSync(join(folder, 'one', 'private.json'));
  const { runs } = await read(folder, 'MSA');
  assert.is(runs[0]?.nodes[0]?.name, undefined);
});

test('a run whose directory is gone counts as it was recorded; one that was changed since does not', async () => {
  const folder = runsFolder('one');
  await read(folder, 'MSA');
  appendFileSync(join(folder, 'one', 'verdict.json'), ' ');
  const spoiled = await read(folder, 'MSA');
  assert.equal([spoiled.runs.length, spoiled.notCounted[0]?.bars], [0, true]);
  rmSync(join(folder, 'one'), { recursive: true });
  const { runs, notCounted, known } = await read(folder, 'MSA');
  assert.equal([runs.map((one) => one.run), notCounted, known], [['one'], [], ['MSA']]);
});

test('no folder is RUN_UNREADABLE', async () => {
  let code: string | undefined;
  try {
    await read(join(out, 'nowhere'), 'MSA', join(out, 'history'));
  } catch (error) {
    ({ code } = error as HarnessError);
  }
  assert.is(code, 'RUN_UNREADABLE');
});

test('other criteria, another decision or another part are other terms; dates, count and fleet are not', () => {
  const { delivery, decision, criteria } = plan;
  const terms = termsOf(plan);
  for (const other of [
    { ...plan, decision: { ...decision, nonconforming: 1 } },
    { ...plan, criteria: criteria.map((one) => ({ ...one, limit: { ...one.limit, value: 1 } })) },
    { ...plan, delivery: { ...delivery, sku: 'other' } },
  ]) {
    assert.is.not(termsOf(other), terms);
  }
  const same = { ...delivery, count: 7, milestone: '2026-12-15', reference: 'tranche 2' };
  assert.is(termsOf({ ...plan, seed: 5, delivery: same }), terms);
});

test('a delivery that is claimed under other terms names the run', async () => {
  const folder = runsFolder('one');
  const other = { ...plan, decision: { ...plan.decision, nonconforming: 1 } };
  assert.is(await claimedOtherwise(folder, plan), undefined);
  assert.is(await claimedOtherwise(folder, other), 'one');
  assert.is(await claimedOtherwise(folder, { ...other, into: 'elsewhere' }), undefined);
  assert.is(await claimedOtherwise(join(out, 'nowhere'), plan), undefined);
});

test('a run counts into its plan’s reference where --into names none', () => {
  const { into: _into, ...own } = plan;
  assert.is(deliveryOf(own), plan.delivery.reference);
  assert.is(deliveryOf(plan), 'MSA');
});

test('references that are spelled alike have folders of their own', () => {
  assert.match(deliverySlug('MSA-2025-114 / tranche 7'), /^msa-2025-114-tranche-7-[0-9a-f]{6}$/u);
  assert.is.not(deliverySlug('a/b'), deliverySlug('a b'));
  assert.match(deliverySlug('../..'), /^[0-9a-f]{6}$/u);
});

test.run();
