import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deliveryVerdict } from '../../../verdicts/ledger/delivery-verdict.ts';
import type { DeliveryVerdict } from '../../../verdicts/ledger/model.ts';
import type { DeliveryRun, NotCounted } from '../../../verdicts/model.ts';
import { LINKS, SUSTAINED } from '../fleet.ts';
import { deliveryRun } from './runs.ts';

const test = suite('ledger');

function judged(
  runs: readonly DeliveryRun[],
  { on = '2026-12-10', notCounted = [] as readonly NotCounted[] } = {},
): DeliveryVerdict {
  const verdict = deliveryVerdict({ reference: 'T', runs, notCounted, on });
  assert.ok(verdict);
  return verdict;
}

const row = (verdict: DeliveryVerdict, serial: string) => {
  const found = verdict.serials.find((one) => one.identity === `serial:${serial}`);
  assert.ok(found, `no ${serial}`);
  return found;
};

test('no run is no verdict', () => {
  assert.is(
    deliveryVerdict({ reference: 'T', runs: [], notCounted: [], on: '2026-12-10' }),
    undefined,
  );
});

test('each serial counts by its latest evidence, in whichever run', () => {
  const verdict = judged([
    deliveryRun(1, { A: 'pass', B: 'fail' }),
    deliveryRun(2, { C: 'pass' }),
    deliveryRun(3, { B: 'pass' }),
  ]);
  assert.equal(verdict.lot.verdict, 'accept');
  assert.equal(
    verdict.runs.map((step) => step.delivery),
    ['reject', 'reject', 'accept'],
  );
  assert.is(row(verdict, 'B').from, 'run-3');
  assert.equal(row(verdict, 'B').cameBack, []);
  assert.is(verdict.acceptedOn, '2026-12-03');
});

test('what was not completely tested says nothing new', () => {
  const verdict = judged([
    deliveryRun(1, { A: 'pass', B: 'pass', C: 'fail' }),
    deliveryRun(2, { A: 'not-tested', C: 'not-tested' }),
  ]);
  assert.is(row(verdict, 'A').verdict, 'pass');
  assert.is(row(verdict, 'A').from, 'run-1');
  assert.is(row(verdict, 'C').verdict, 'fail');
  assert.is(verdict.lot.verdict, 'reject');
});

test('doubt takes a pass back and lifts no rejection', () => {
  const verdict = judged([
    deliveryRun(1, { A: 'pass', B: 'fail', C: 'pass' }),
    deliveryRun(2, { A: 'inconclusive', B: 'inconclusive' }),
  ]);
  assert.is(row(verdict, 'A').verdict, 'inconclusive');
  assert.is(row(verdict, 'B').verdict, 'fail');
  assert.equal(row(verdict, 'B').reasons, ['n0002 is fail']);
});

test('fewer serials than were bought is never an accept', () => {
  const verdict = judged([deliveryRun(1, { A: 'pass', B: 'pass' })]);
  assert.is(verdict.lot.verdict, 'inconclusive');
  assert.is(verdict.lot.notTested, 1);
});

test('a host name with a new serial is a new node, and the old one is replaced', () => {
  const verdict = judged([
    deliveryRun(1, { A: 'pass', B: 'fail', C: 'pass' }),
    deliveryRun(2, { D: { word: 'pass', name: 'host-B' } }),
  ]);
  assert.is(verdict.lot.verdict, 'accept');
  assert.equal(row(verdict, 'B').replacedBy, { identity: 'serial:D', run: 'run-2', by: 'name' });
  assert.equal(row(verdict, 'D').replaces, ['serial:B']);
});

test('an accepted machine that was swapped is told, and the new one has to pass', () => {
  const verdict = judged([
    deliveryRun(1, { A: 'pass', B: 'pass', C: 'pass' }),
    deliveryRun(2, { D: { word: 'not-tested', name: 'host-B' } }),
  ]);
  assert.is(verdict.lot.verdict, 'inconclusive');
  assert.match(verdict.notes.join(), /serial:B had passed and was swapped for serial:D/u);
});

test('one more than was bought stands for the first rejected that is not there', () => {
  const runs = [
    deliveryRun(1, { A: 'fail', B: 'pass' }),
    deliveryRun(2, { C: 'pass' }),
    deliveryRun(3, { D: 'pass' }),
  ];
  assert.is(judged(runs.slice(0, 2)).lot.verdict, 'reject');
  const verdict = judged(runs);
  assert.equal(row(verdict, 'A').replacedBy, { identity: 'serial:D', run: 'run-3', by: 'count' });
  assert.is(verdict.lot.verdict, 'accept');
  // Without a surplus nobody is taken for returned.
  const short = judged([
    deliveryRun(1, { A: 'fail' }),
    deliveryRun(2, { B: 'pass' }),
    deliveryRun(3, { C: 'pass' }),
  ]);
  assert.is(short.lot.verdict, 'reject');
});

test('a rejected machine that is still there is not replaced by one more', () => {
  const verdict = judged([
    deliveryRun(1, { A: 'fail', B: 'pass', C: 'pass' }),
    deliveryRun(2, { A: 'fail', D: 'pass' }),
  ]);
  assert.is(row(verdict, 'A').replacedBy, undefined);
  assert.is(verdict.lot.verdict, 'reject');
});

test('a rejected serial under another name is recognised, and stays rejected until it passes', () => {
  const first = deliveryRun(1, { A: 'pass', B: 'fail', C: 'pass' });
  const untested = judged([first, deliveryRun(2, { B: { word: 'not-tested', name: 'shiny' } })]);
  assert.equal(row(untested, 'B').cameBack, [
    { run: 'run-2', node: 'n0001', after: 'rejected', renamed: true },
  ]);
  assert.is(untested.lot.verdict, 'reject');
  const passed = judged([first, deliveryRun(2, { B: { word: 'pass', name: 'shiny' } })]);
  assert.is(passed.lot.verdict, 'accept');
  assert.match(
    passed.notes.join(),
    /smuggled back: serial:B was rejected .* \(fail in run-1, pass in run-2\)/u,
  );
});

test('a returned serial that comes back as new is named, and counts again', () => {
  const verdict = judged([
    deliveryRun(1, { A: 'pass', B: 'fail', C: 'pass' }),
    deliveryRun(2, { D: { word: 'pass', name: 'host-B' } }),
    deliveryRun(3, { B: { word: 'fail', name: 'shiny' } }),
  ]);
  assert.equal(
    row(verdict, 'B').cameBack.map((one) => one.after),
    ['replaced'],
  );
  assert.is(row(verdict, 'B').replacedBy, undefined);
  assert.is(verdict.lot.verdict, 'reject');
  assert.is(verdict.lot.delivered, 4);
});

const gpus = { kind: 'accelerators', value: 'GPU-1,GPU-2' } as const;
const instance = (value: string) => ({ kind: 'provider-id', value }) as const;

test('the same accelerators under another instance id are the same machine', () => {
  const verdict = judged([
    deliveryRun(1, { A: { word: 'fail', identity: [instance('i-1'), gpus] } }, { count: 1 }),
    deliveryRun(2, { A: { word: 'not-tested', identity: [instance('i-2'), gpus] } }, { count: 1 }),
  ]);
  assert.is(verdict.serials.length, 1);
  assert.is(verdict.serials[0]?.cameBack[0]?.renamed, true);
  assert.is(verdict.lot.verdict, 'reject');
});

test('accelerators in a second chassis beside the first make no third machine, and are told', () => {
  const serial = (value: string) => ({ kind: 'serial', value }) as const;
  const other = { kind: 'accelerators', value: 'GPU-8,GPU-9' } as const;
  const verdict = judged([
    deliveryRun(1, { A: { word: 'fail', identity: [serial('A'), gpus] } }, { count: 2 }),
    deliveryRun(
      2,
      {
        B: { word: 'pass', identity: [serial('B'), gpus] },
        A: { word: 'pass', identity: [serial('A'), other] },
      },
      { count: 2 },
    ),
  ]);
  assert.equal(
    verdict.serials.map((one) => [one.identity, one.verdict, one.shares]),
    [
      ['serial:A', 'pass', []],
      ['serial:B', 'pass', ['serial:A']],
    ],
  );
  assert.match(verdict.notes.join(), /hardware moved between machines/u);
});

test('a name or a machine-id is no identity: such nodes are told and keep it from accept', () => {
  const nameless = deliveryRun(1, { A: 'pass', B: { word: 'pass', identity: [] } }, { count: 1 });
  const verdict = judged([nameless]);
  assert.is(verdict.serials.length, 1);
  assert.is(verdict.lot.verdict, 'inconclusive');
  assert.match(verdict.lot.reasons.join(), /1 node of run run-1 without identity .*n0002/u);
  // Seen later with a serial, nothing is left open.
  const later = judged([nameless, deliveryRun(2, { B: 'pass' }, { count: 2 })]);
  assert.is(later.lot.verdict, 'accept');
});

test('runs under other terms are refused by name and keep it from accept', () => {
  const verdict = judged([
    deliveryRun(1, { A: 'pass', B: 'pass', C: 'pass' }),
    deliveryRun(2, { B: 'fail' }, { terms: 'other' }),
  ]);
  assert.is(verdict.lot.verdict, 'inconclusive');
  assert.match(
    verdict.notCounted[0]?.why ?? '',
    /^two plans claiming one delivery: .* run run-1$/u,
  );
  assert.is(row(verdict, 'B').verdict, 'pass');
});

test('a run that may hide a rejection keeps it from accept; an open one does not', () => {
  const run = deliveryRun(1, { A: 'pass', B: 'pass', C: 'pass' });
  const lot = (bars: boolean) =>
    judged([run], { notCounted: [{ run: 'x', why: 'damaged', bars }] }).lot.verdict;
  assert.is(lot(true), 'inconclusive');
  assert.is(lot(false), 'accept');
});

test('without a count the fleet tells it, as long as there is one fleet', () => {
  const open = { count: undefined };
  const one = deliveryRun(1, { A: 'pass', B: 'fail' }, { ...open, missing: 1 });
  const again = deliveryRun(2, { B: 'pass' }, { ...open, missing: 2 });
  assert.is(judged([one, again]).lot.delivered, 3);
  assert.is(judged([one, again]).lot.verdict, 'inconclusive');
  const rest = deliveryRun(3, { C: 'pass' }, { ...open, missing: 2 });
  assert.is(judged([one, again, rest]).lot.verdict, 'accept');
  const elsewhere = deliveryRun(3, { C: 'pass' }, { ...open, fleet: 'other' });
  const verdict = judged([one, again, elsewhere]);
  assert.is(verdict.lot.verdict, 'inconclusive');
  assert.match(verdict.lot.reasons.join(), /no delivery\.count/u);
});

const wholeLot = { ...SUSTAINED, id: 'whole-lot', per: 'lot' } as const;

test('a criterion on the lot holds for the machines measured together only', () => {
  const criteria = [SUSTAINED, wholeLot];
  const verdict = judged([
    deliveryRun(1, { A: 'pass', B: 'pass' }, { criteria }),
    deliveryRun(2, { C: 'pass' }, { criteria }),
  ]);
  assert.is(verdict.lot.verdict, 'inconclusive');
  assert.match(verdict.lot.reasons.join(), /whole-lot was measured without serial:A, serial:B/u);
  const together = deliveryRun(3, { A: 'pass', B: 'pass', C: 'pass' }, { criteria });
  assert.is(judged([together]).lot.verdict, 'accept');
  const failed = deliveryRun(
    4,
    { A: 'pass', B: 'pass', C: 'pass' },
    {
      criteria: [SUSTAINED, { ...wholeLot, verdict: 'fail' }],
    },
  );
  assert.is(judged([together, failed]).lot.verdict, 'reject');
  const none = deliveryRun(
    3,
    { A: 'pass', B: 'pass', C: 'pass' },
    {
      criteria: [SUSTAINED, { ...wholeLot, verdict: 'not-tested' }],
    },
  );
  assert.match(judged([none]).lot.reasons.join(), /whole-lot was decided on no lot/u);
});

test('a failing link rejects until one of its ends is tested again', () => {
  const link = {
    criterion: LINKS.id,
    subject: { kind: 'link', ends: ['n0001', 'n0002'], finest: 'path' },
    verdict: 'fail',
    reason: 'slow',
    attempts: [],
  } as const;
  const criteria = [SUSTAINED, LINKS];
  const first = deliveryRun(
    1,
    { A: 'inconclusive', B: 'inconclusive', C: 'pass' },
    { criteria, findings: [link] },
  );
  assert.is(judged([first]).lot.verdict, 'reject');
  const retest = deliveryRun(2, { A: 'pass', C: 'pass' }, { criteria });
  assert.is(judged([first, retest]).lot.verdict, 'inconclusive');
  assert.is(
    judged([first, deliveryRun(2, { A: 'pass', B: 'pass' }, { criteria })]).lot.verdict,
    'accept',
  );
});

test('racks are accepted and rejected whole', () => {
  const delivery = { unit: 'rack' } as const;
  const rack = (at: number, id: string, machines: Parameters<typeof deliveryRun>[1]) =>
    deliveryRun(at, machines, { count: 2, delivery, rack: id });
  const verdict = judged([
    rack(1, 'r1', { A: 'pass', B: 'pass' }),
    rack(2, 'r2', { C: 'pass', D: 'fail' }),
  ]);
  assert.equal([verdict.lot.accepted, verdict.lot.rejected], [1, 1]);
  assert.is(verdict.lot.verdict, 'reject');
});

test('the bound goes over everything delivered, replaced machines too', () => {
  const verdict = judged([
    deliveryRun(1, { A: 'pass', B: 'fail', C: 'pass' }),
    deliveryRun(2, { D: { word: 'pass', name: 'host-B' } }),
  ]);
  const [first, second] = verdict.runs.map((step) => step.total);
  assert.equal([first?.tested, first?.nonconforming], [3, 1]);
  assert.equal([second?.tested, second?.nonconforming], [4, 1]);
  // Beta(0.95; 2, 3), Clopper and Pearson.
  assert.ok(Math.abs((second?.upper ?? 0) - 0.7513953742698) < 1e-9);
});

test('deemed acceptance is told and changes no verdict', () => {
  const delivery = { milestone: '2026-12-05', deemedAcceptance: '2026-12-08' };
  const runs = [
    deliveryRun(1, { A: 'pass', B: 'not-tested', C: 'fail' }, { delivery }),
    deliveryRun(2, { D: { word: 'fail' } }, { delivery, day: '2026-12-09' }),
  ];
  const before = judged(runs.slice(0, 1), { on: '2026-12-08' });
  assert.equal(before.milestone, { date: '2026-12-05', inDays: -3 });
  assert.equal(before.deemed, { date: '2026-12-08', inDays: 0, given: [], late: [] });
  const after = judged(runs, { on: '2026-12-09' });
  assert.equal(after.deemed, {
    date: '2026-12-08',
    inDays: -1,
    given: ['serial:B', 'serial:D'],
    late: ['serial:D'],
  });
  assert.is(after.lot.verdict, 'reject');
});

test('one identity twice in a run is one machine', () => {
  const twice = deliveryRun(1, {
    A: 'fail',
    B: { word: 'fail', identity: [{ kind: 'serial', value: 'A' }] },
    C: 'pass',
  });
  const verdict = judged([twice]);
  assert.equal(
    verdict.serials.map((one) => one.identity),
    ['serial:A', 'serial:C'],
  );
  assert.is(verdict.lot.verdict, 'reject');
});

test.run();
