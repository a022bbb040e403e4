/** Nights of simulated fleets: what is told, about whom, since when. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { detectNight } from '../../../verdicts/changes/detect-night.ts';
import { loadPanel, startPanel, storePanel } from '../../../verdicts/changes/panel.ts';
import { closeAlarm, rankSuspects } from '../../../verdicts/changes/settle.ts';
import { dateOf, panelOf, simulate } from './fleets.ts';

const quiet = { sigma: 0.005, fleetSigma: 0.002 };

test('a stable fleet tells nothing in 120 nights', () => {
  const { told } = simulate(startPanel(panelOf(128)), { ...quiet, nights: 120, loss: () => 0 });
  assert.equal(told, []);
});

test('a node that loses 3 % is told once, by name, with the night it began', () => {
  const state = startPanel(panelOf(128));
  const { told } = simulate(state, {
    ...quiet,
    nights: 80,
    loss: (node, night) => (node === 20 && night >= 60 ? 0.03 : 0),
  });
  assert.is(told.length, 1);
  const { alarm, night, said } = told[0] as (typeof told)[number];
  assert.equal(alarm.scope, { kind: 'node', id: 'serial:20' });
  assert.ok(night <= 63, `told on night ${night}`);
  assert.ok(Math.abs(Date.parse(alarm.since) - Date.parse(dateOf(60))) <= 86_400_000);
  assert.ok(Math.abs(said.loss - 0.03) < 0.01);
});

test('a rack is named, not its nodes', () => {
  const { told } = simulate(startPanel(panelOf(128)), {
    ...quiet,
    nights: 70,
    loss: (node, night) => (node >> 4 === 3 && night >= 60 ? 0.02 : 0),
  });
  assert.is(told.length, 1);
  assert.equal(told[0]?.alarm.scope, { kind: 'rack', id: 'r3' });
  assert.ok((told[0]?.alarm.affected ?? 0) >= 12);
});

test('the fleet is named when all of it is slower', () => {
  const { told } = simulate(startPanel(panelOf(128)), {
    ...quiet,
    nights: 70,
    loss: (_, night) => (night >= 60 ? 0.03 : 0),
  });
  assert.equal(
    told.map((one) => one.alarm.scope.kind),
    ['fleet'],
  );
});

test('a part that drops in one night is dated to it, whatever the luck of the nights before', () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const { raised } = simulate(startPanel(panelOf(64)), {
      ...quiet,
      seed,
      nights: 41,
      loss: (node, night) => (node >> 4 === 1 && night === 40 ? 0.15 : 0),
    });
    const rack = raised.find(({ scope }) => scope.kind === 'rack');
    assert.is(rack?.rules[0], 'drop', `seed ${seed}`);
    assert.is(rack?.since, dateOf(40), `seed ${seed}`);
    assert.ok(Math.abs((rack?.loss ?? 0) - 0.15) < 0.01, `seed ${seed}`);
  }
});

test('an alarm is closed by fresh runs once the node is as it was', () => {
  const { told } = simulate(startPanel(panelOf(64)), {
    ...quiet,
    nights: 80,
    loss: (node, night) => (node === 5 && night >= 50 && night < 60 ? 0.05 : 0),
  });
  assert.equal(
    told.map((one) => one.what),
    ['opened', 'closed'],
  );
  // At the first look back at its level, or the second.
  assert.ok((told[1]?.night ?? 0) <= 61);
});

test('one machine alone that drops by half is told the same night', () => {
  const { told, raised } = simulate(startPanel(panelOf(1)), {
    sigma: 0.02,
    nights: 10,
    loss: (_, night) => (night >= 6 ? 0.5 : 0),
  });
  assert.is(raised.length, 1);
  assert.is(told[0]?.night, 6);
  assert.equal(told[0]?.alarm.scope, { kind: 'node', id: 'serial:0' });
});

test('nodes seen every third night only are watched all the same', () => {
  const { told } = simulate(startPanel(panelOf(96)), {
    ...quiet,
    nights: 150,
    seen: (node, night) => (node + night) % 3 === 0,
    loss: (node, night) => (node === 30 && night >= 120 ? 0.04 : 0),
  });
  assert.equal(
    told.map((one) => one.alarm.scope),
    [{ kind: 'node', id: 'serial:30' }],
  );
});

test('the state goes through JSON between any two nights', () => {
  const run = (stored: boolean) => {
    let state = startPanel(panelOf(48));
    const all: string[] = [];
    for (let part = 0; part < 8; part += 1) {
      const { told } = simulate(state, {
        ...quiet,
        nights: 10,
        seed: 1,
        loss: (node, night) => (node === 9 && night >= 45 ? 0.04 : 0),
      });
      all.push(...told.map((one) => `${one.night} ${one.what} ${one.alarm.id}`));
      if (stored) state = loadPanel(JSON.parse(JSON.stringify(storePanel(state))));
    }
    return all;
  };
  assert.equal(run(true), run(false));
  assert.is(run(true).length, 1);
});

test('a stored state of another version, or one that lacks a series, is refused: it is made again', () => {
  const stored = storePanel(startPanel(panelOf(3)));
  assert.throws(
    () => loadPanel({ ...stored, schema: 'assay/changes/0' } as unknown as typeof stored),
    /assay\/changes\/0 is not/u,
  );
  const { level: _level, ...tracks } = stored.tracks;
  assert.throws(() => loadPanel({ ...stored, tracks } as unknown as typeof stored));
});

test('a night on which nobody is seen raises nothing, even in the middle of a loss', () => {
  const state = startPanel(panelOf(32));
  const loss = (_: number, night: number) => (night >= 40 ? 0.05 : 0);
  let night = 0;
  let raised = 0;
  for (; night < 42; night += 1) {
    const result = detectNight(state, {
      date: dateOf(night),
      values: new Map(state.subjects.map(({ id }, at) => [id, 700 * (1 - loss(at, night)) + at])),
      declared: [],
    });
    raised = result.raised.length;
  }
  // Values that repeat to the last digit: a fleet without any noise is watched all the same.
  assert.is(raised, 1);
  const result = detectNight(state, { date: dateOf(night), values: new Map(), declared: [] });
  assert.equal(result.raised, []);
});

test('a night out of order, an unknown subject and a value that is none are bugs', () => {
  const state = startPanel(panelOf(8));
  const night = (date: string, id: string, value: number) => () =>
    detectNight(state, { date, values: new Map([[id, value]]), declared: [] });
  night('2026-01-02', 'serial:1', 700)();
  assert.throws(night('2026-01-02', 'serial:1', 700), /does not come after/u);
  assert.throws(night('2026-01-03', 'serial:99', 700), /not in the panel/u);
  assert.throws(night('2026-01-03', 'serial:1', 0), /no value/u);
});

test('a person can close an alarm, and accept the level as it is', () => {
  const state = startPanel(panelOf(64));
  const loss = (node: number, night: number) => (node === 5 && night >= 50 ? 0.05 : 0);
  const { told } = simulate(state, { ...quiet, nights: 60, loss });
  const id = told[0]?.alarm.id as string;
  assert.is(closeAlarm(state, 'nothing', true), false);
  assert.is(closeAlarm(state, id, true), true);
  assert.equal(state.open, []);
  assert.equal(rankSuspects(state, 3).includes('serial:5'), false);
});

test.run();
