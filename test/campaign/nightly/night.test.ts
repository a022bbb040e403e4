/** What keeps a night from being made: another that runs, a clock that was set back, one that was made already. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changes } from '../../../bin/nightly/changes.ts';
import { eventBatch } from '../../../campaign/history/events.ts';
import { keyOf, machinesOf, panelKeys } from '../../../campaign/history/panel-rows.ts';
import { History, withHistory } from '../../../campaign/history/store.ts';
import type { Measure } from '../../../campaign/nightly/model.ts';
import { runNight, type NightSetup } from '../../../campaign/nightly/night.ts';
import { Panels } from '../../../campaign/nightly/panels.ts';
import { HarnessError } from '../../../plan/errors.ts';
import type { PanelState } from '../../../verdicts/changes/state.ts';
import { rejects } from '../../rejects.ts';
import { fakePlan } from '../fake-suite.ts';

const test = suite('night');
const out = mkdtempSync(join(tmpdir(), 'assay-night-'));
const plan = { ...fakePlan(), into: 'D' };
const notMeasured: Measure = () => Promise.reject(new Error('it measured'));
test.after(() => rmSync(out, { recursive: true, force: true }));

function setup(history: History, night: string, measure = notMeasured): NightSetup<PanelState> {
  return {
    history,
    plan,
    night,
    every: 1,
    margin: 0.01,
    changes,
    measure,
    busy: async () => new Set(),
    capacity: (free) => free,
    pairs: false,
    metrics: [],
    now: () => new Date(),
    signal: new AbortController().signal,
    progress: () => undefined,
    tell: async () => undefined,
  };
}

/** A night of six nodes as it stands in the history: its run and its event. */
async function record(history: History, night: string): Promise<void> {
  const run = `r-${night}`;
  const about = { run, purpose: 'nightly', night };
  await history.append([
    {
      id: `run-${run}`,
      delivery: 'D',
      date: night,
      rows: {
        runs: [{ ...about, sealed_at: `${night} 01:00:00`, delivery: 'D' }],
        points: Array.from({ length: 6 }, (_, at) => ({
          ...about,
          serial: `serial:${at}`,
          subject: `serial:${at}`,
          subject_kind: 'node',
          metric: 'm.x',
          parameters: '{}',
          unit: 'FLOP/s',
          better: 'higher',
          n: 1,
          value: 700 + at + Number(night.slice(-2)) / 10,
        })),
      },
    },
    eventBatch(`night-${night}`, 'D', night, [
      {
        id: `night:${night}`,
        at: `${night}T02:00:00.000Z`,
        night,
        kind: 'night',
        body: { file: { night, exit: 0, open: [] }, settled: [] },
      },
    ]),
  ]);
}

test('a clock that was set back makes no night, and the same night is not made twice', async () => {
  await withHistory(join(out, 'clock'), async (history) => {
    await record(history, '2026-10-05');
    const error = await rejects(runNight(setup(history, '2026-10-04')), 'RUN_UNREADABLE');
    assert.match(error.message, /before the last one, 2026-10-05/u);
    const again = await runNight(setup(history, '2026-10-05'));
    assert.is(again?.night, '2026-10-05');
    // What is drawn is not in the event: it is read from the history again.
    assert.equal(again?.trends[0]?.nights, [{ date: '2026-10-05', value: 703 }]);
    // Neither left its lock behind, nor anything in the history.
    assert.equal(
      readdirSync(history.root).filter((name) => name.endsWith('.lock')),
      [],
    );
    const [row] = await history.database.all('SELECT count(*) AS n FROM runs');
    assert.is(Number(row?.['n']), 1);
  });
});

test('of two nights at once the second is refused, and the first goes on', async () => {
  const root = join(out, 'two');
  const other = await History.open(root);
  try {
    await withHistory(root, async (history) => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let began: () => void = () => undefined;
      const measuring = new Promise<void>((resolve) => (began = resolve));
      const first = runNight(
        setup(history, '2026-10-05', async () => {
          began();
          await held;
          throw new HarnessError('FLEET_UNREACHABLE', 'nobody is there', { hint: '' });
        }),
      );
      const ended = rejects(first, 'FLEET_UNREACHABLE');
      await measuring;
      const refused = await rejects(runNight(setup(other, '2026-10-05')), 'RUN_UNREADABLE');
      assert.match(refused.message, /a night of this delivery is under way/u);
      release();
      await ended;
      // The lock went with it: the next one measures.
      await rejects(
        runNight(setup(other, '2026-10-05', async () => Promise.reject(unreachable()))),
        'FLEET_UNREACHABLE',
      );
    });
  } finally {
    await other.close();
  }
});

function unreachable(): HarnessError {
  return new HarnessError('FLEET_UNREACHABLE', 'nobody is there', { hint: '' });
}

test('a state of another version, a spoiled one and none are computed again from the history', async () => {
  await withHistory(join(out, 'state'), async (history) => {
    for (let day = 1; day <= 3; day += 1) await record(history, `2026-10-0${day}`);
    const loaded = async () => {
      const panels = new Panels(history, changes, 'D', 0.01);
      await panels.load();
      return panels;
    };
    const stored = async () => {
      const panels = await loaded();
      const all = [...panels.all].map(({ key, nights, state }) => {
        assert.is(nights.length, 3);
        return [keyOf(key), nights, changes.store(state)];
      });
      return JSON.stringify(all);
    };
    const fromHistory = await loaded();
    assert.is([...fromHistory.all].length, (await panelKeys(history, 'D')).length);
    const wanted = await stored();
    await fromHistory.store();
    const [name] = readdirSync(history.root).filter((one) => one.startsWith('state-'));
    const file = join(history.root, name as string);
    const text = readFileSync(file, 'utf8');
    assert.is(await stored(), wanted);
    const spoiled = [
      text.replace('assay/changes/1', 'assay/changes/0'),
      text.replace('assay/nights/2', 'assay/nights/1'),
      text.replace('"level"', '"niveau"'),
      text.slice(0, Math.floor(text.length / 2)),
    ];
    for (const one of spoiled) {
      assert.is.not(one, text);
      writeFileSync(file, one);
      assert.is(await stored(), wanted);
    }
  });
});

test('a machine that was not there for months is known by its last night still', async () => {
  await withHistory(join(out, 'gone'), async (history) => {
    for (const [night, serials] of [
      ['2026-06-01', ['serial:a', 'serial:b']],
      ['2026-10-05', ['serial:b']],
    ] as const) {
      const about = { run: `r-${night}`, purpose: 'nightly', night };
      const points = { ...about, subject_kind: 'node', metric: 'm.x', unit: 's', value: 1 };
      const rows = {
        runs: [{ ...about, delivery: 'D' }],
        nodes: serials.map((serial) => ({ ...about, serial, rack: `rack ${night}` })),
        points: serials.map((serial) => ({ ...points, serial, subject: serial })),
      };
      await history.append([{ id: `run-${night}`, delivery: 'D', date: night, rows }]);
    }
    assert.equal(await machinesOf(history, 'D'), [
      { serial: 'serial:a', rack: 'rack 2026-06-01', night: '2026-06-01' },
      { serial: 'serial:b', rack: 'rack 2026-10-05', night: '2026-10-05' },
    ]);
    assert.equal(await machinesOf(history, 'another'), []);
  });
});

test.run();
