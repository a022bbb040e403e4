/** Declared changes, the accepted level, and who is named when links or parts are involved. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { detectNight } from '../../../verdicts/changes/detect-night.ts';
import type { Declared, SeriesSubject } from '../../../verdicts/changes/model.ts';
import { addSubjects, startPanel } from '../../../verdicts/changes/panel.ts';
import { resolveGroups } from '../../../verdicts/changes/scope.ts';
import { closeAlarm } from '../../../verdicts/changes/settle.ts';
import { dateOf, panelOf, simulate } from './fleets.ts';

const quiet = { sigma: 0.005, fleetSigma: 0.002 };

test('a declared change near the change point is named, another one is not', () => {
  const near: Declared = { id: 'd1', date: dateOf(61), what: 'driver 570→580' };
  const far: Declared = { id: 'd2', date: dateOf(20), what: 'image 7' };
  const elsewhere: Declared = { ...near, id: 'd3', subjects: ['serial:1'] };
  const { told } = simulate(startPanel(panelOf(64)), {
    ...quiet,
    nights: 85,
    // Said after the fact, when nights under it had begun to tell: it can't hide what it did.
    declared: (night) => (night < 63 ? [far] : [far, near, elsewhere]),
    loss: (node, night) => (node === 20 && night >= 62 ? 0.03 : 0),
  });
  assert.is(told.length, 1);
  assert.equal(
    told[0]?.alarm.near.map((one) => one.change.id),
    ['d1'],
  );
});

test('a declared change re-baselines, but the fleet is still held to what was accepted', () => {
  const declared: Declared = { id: 'd', date: dateOf(50), what: 'driver 570→580' };
  const accepted = panelOf(64).subjects.map((one): SeriesSubject => ({
    ...one,
    accepted: { value: 700, trials: 5 },
  }));
  const run = (loss: number, renews: boolean) =>
    simulate(startPanel({ ...panelOf(64), subjects: accepted }), {
      sigma: 0.005,
      nights: 70,
      spread: 0,
      declared: (night) => (night < 50 ? [] : [{ ...declared, renews }]),
      loss: (_, night) => (night >= 50 ? loss : 0),
    }).told.map((one) => [one.alarm.scope.kind, one.alarm.rules.join()]);
  assert.equal(run(0.03, false), [['fleet', 'acceptance']]);
  assert.equal(run(0.03, true), []);
  assert.equal(run(0, false), []);
});

test('a change declared where nothing was accepted says what it is held against: nothing', () => {
  const declared: Declared = { id: 'd', date: dateOf(10), what: 'driver 570→580' };
  const begun = (accepted: number, nights: number, renews = false) => {
    const subjects = panelOf(8).subjects.map((one, at): SeriesSubject =>
      at < accepted ? { ...one, accepted: { value: 700, trials: 5 } } : one,
    );
    const state = startPanel({ ...panelOf(8), subjects });
    simulate(state, { ...quiet, nights, loss: () => 0 });
    const change = { ...declared, renews };
    return detectNight(state, { date: '2027-06-01', values: new Map(), declared: [change] }).begun;
  };
  const counts = (of: ReturnType<typeof begun>) => of.map(({ series, unheld }) => [series, unheld]);
  assert.equal(counts(begun(3, 10)), [[8, 5]]);
  // Thirty nights have become what it is held to; and who agrees on a new level needs no old one.
  assert.equal(counts(begun(0, 40)), [[8, 0]]);
  assert.equal(counts(begun(0, 10, true)), [[8, 0]]);
});

test('a decay that never jumps is told by its distance from the first nights', () => {
  const { told } = simulate(startPanel(panelOf(64)), {
    ...quiet,
    nights: 200,
    loss: (node, night) => (node === 7 ? Math.max(0, night - 40) * 0.0002 : 0),
  });
  assert.is(told.length, 1);
  assert.equal(told[0]?.alarm.scope, { kind: 'node', id: 'serial:7' });
  assert.ok((told[0]?.said.loss ?? 0) < 0.03, 'before 3 % are gone');
});

test('a declared change does not close an open alarm', () => {
  const state = startPanel(panelOf(64));
  const { told } = simulate(state, {
    ...quiet,
    nights: 75,
    declared: (night) => (night < 60 ? [] : [{ id: 'd', date: dateOf(60), what: 'image 8' }]),
    loss: (node, night) => (node === 5 && night >= 50 ? 0.05 : 0),
  });
  assert.equal(
    told.map((one) => one.what),
    ['opened'],
  );
  assert.is(state.open.length, 1);
});

test('latency: higher is worse', () => {
  const { told } = simulate(startPanel(panelOf(64, { better: 'lower' })), {
    ...quiet,
    nights: 70,
    loss: (node, night) =>
      node === 5 && night >= 60 ? -0.05 : node === 9 && night >= 60 ? 0.05 : 0,
  });
  assert.equal(
    told.map((one) => one.alarm.scope),
    [{ kind: 'node', id: 'serial:5' }],
  );
});

test('of links that share an end the node is named, a single slow link by itself', () => {
  const nodes = 12;
  const links: SeriesSubject[] = [];
  for (let a = 0; a < nodes; a += 1) {
    for (const step of [1, 2, 5]) {
      const b = (a + step) % nodes;
      links.push({
        id: `n${a}|n${b}`,
        kind: 'link',
        parts: [
          { kind: 'node', id: `n${a}` },
          { kind: 'node', id: `n${b}` },
        ],
      });
    }
  }
  const panel = { ...panelOf(0), subjects: links };
  const run = (slow: (id: string) => boolean) =>
    simulate(startPanel(panel), {
      ...quiet,
      nights: 70,
      loss: (at, night) => (night >= 60 && slow(links[at]?.id as string) ? 0.05 : 0),
    }).told.map((one) => one.alarm.scope);
  assert.equal(
    run((id) => id.split('|').includes('n4')),
    [{ kind: 'node', id: 'n4' }],
  );
  assert.equal(
    run((id) => id === 'n4|n5'),
    [{ kind: 'link', id: 'n4|n5' }],
  );
});

test('of parts within each other the one that explains it is kept', () => {
  const state = startPanel({
    ...panelOf(0),
    subjects: Array.from({ length: 32 }, (_, at) => ({
      id: `n${at}`,
      kind: 'node' as const,
      parts: [
        { kind: 'rack' as const, id: `r${at >> 3}` },
        { kind: 'block' as const, id: `b${at >> 4}` },
      ],
    })),
  });
  const named = (down: (at: number) => boolean) => {
    const residuals = Float64Array.from({ length: 32 }, (_, at) => (down(at) ? -0.04 : 0));
    const slow = state.groups.flatMap(({ members }, at) =>
      [...members].filter((one) => down(one)).length * 2 > members.length
        ? [{ at, loss: 0.04 }]
        : [],
    );
    return resolveGroups(state, slow, residuals).map((one) => state.groups[one.at]?.part.id);
  };
  assert.equal(
    named((at) => at < 16),
    ['b0'],
  );
  assert.equal(
    named((at) => at < 8),
    ['r0'],
  );
  // The block looks slow by its slow rack and one node more: the rack explains it.
  assert.equal(
    named((at) => at < 9),
    ['r0'],
  );
});

test('a machine that joins later is learnt, and one that says nothing raises nothing', () => {
  const state = startPanel(panelOf(16));
  simulate(state, { ...quiet, nights: 30, loss: () => 0 });
  addSubjects(state, [{ id: 'serial:new', kind: 'node', parts: [{ kind: 'rack', id: 'r0' }] }]);
  const { raised } = simulate(state, {
    ...quiet,
    nights: 20,
    seen: (node) => node !== 3,
    loss: () => 0,
  });
  assert.equal(raised, []);
  assert.is(state.tracks.count[16], 20);
  assert.equal(detectNight(state, { date: '2027-01-01', values: new Map(), declared: [] }), {
    raised: [],
    standing: [],
    begun: [],
  });
});

test('closed without accepting, it is told again as long as it is low', () => {
  const state = startPanel(panelOf(64));
  const loss = (node: number, night: number) => (node === 5 && night >= 50 ? 0.05 : 0);
  const { told } = simulate(state, { ...quiet, nights: 55, loss });
  assert.is(closeAlarm(state, told[0]?.alarm.id as string, false), true);
  assert.is(simulate(state, { ...quiet, nights: 6, loss }).told.length, 1);
});

test.run();
