import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventBatch } from '../../../campaign/history/events.ts';
import type { Batch } from '../../../campaign/history/model.ts';
import { ask, readOnly } from '../../../campaign/history/query.ts';
import { History, withHistory } from '../../../campaign/history/store.ts';
import { rejects } from '../../rejects.ts';

const test = suite('history store');
const out = mkdtempSync(join(tmpdir(), 'assay-store-'));
test.after(() => rmSync(out, { recursive: true, force: true }));

let folders = 0;
function folder(): string {
  folders += 1;
  return join(out, String(folders));
}

/** A run of one point and one raw sample a serial. */
function batch(
  run: string,
  night: string,
  serials = ['serial:A', 'serial:B'],
  purpose = 'nightly',
): Batch {
  const about = { run, purpose, night };
  const series = { metric: 'm.x', parameters: '{}' };
  return {
    id: `run-${run}`,
    delivery: 'D / 1',
    date: night,
    rows: {
      runs: [{ ...about, sealed_at: `${night} 01:00:00`, delivery: 'D / 1' }],
      points: serials.map((serial, at) => ({
        ...about,
        ...series,
        serial,
        subject: serial,
        n: 1,
        value: 100 + at,
      })),
      samples: serials.map((serial) => ({
        ...about,
        ...series,
        serial,
        subject: serial,
        value: 1,
      })),
    },
  };
}

const counted = async (history: History, table: string) => {
  const [row] = await history.database.all(`SELECT count(*) AS n FROM ${table}`);
  return Number(row?.['n']);
};

test('a run appended twice is there once, also by another process and after compaction', async () => {
  const root = folder();
  await withHistory(root, async (history) => {
    assert.equal(await history.append([batch('a', '2026-10-01')]), ['run-a']);
    assert.equal(await history.append([batch('a', '2026-10-01')]), []);
    assert.equal(await history.append([batch('b', '2026-10-02')]), ['run-b']);
    await history.compact('2026-11-01');
    const months = history.catalogue.files.map(({ path }) => path.split('/')[2]);
    assert.equal([...new Set(months)], ['date=2026-10']);
    assert.is(history.catalogue.files.length, 3);
  });
  await withHistory(root, async (history) => {
    assert.equal(await history.append([batch('b', '2026-10-02')]), []);
    assert.is(await counted(history, 'points'), 4);
    const { rows } = await ask(history, 'points', { serial: 'A', limit: 10 });
    assert.equal(
      rows.map(({ night, run, value }) => [night, run, value]),
      [
        ['2026-10-01', 'a', 100],
        ['2026-10-02', 'b', 100],
      ],
    );
  });
});

test('batches come together or not at all, and what a crash left is swept', async () => {
  const root = folder();
  await withHistory(root, (history) => history.append([batch('a', '2026-10-01')]));
  const stray = join(root, 'points/delivery=d-1-e0c7a1/date=2026-10-02/run-b.parquet');
  await withHistory(root, async (history) => {
    const [first] = history.catalogue.files;
    const before = readFileSync(join(root, 'history.json'));
    const bad = { ...batch('c', '2026-10-03'), rows: { points: { sql: 'SELECT nonsense' } } };
    await history.append([batch('b', '2026-10-02'), bad]).then(
      () => assert.unreachable(),
      () => undefined,
    );
    assert.equal(readFileSync(join(root, 'history.json')), before);
    assert.is(await counted(history, 'points'), 2);
    writeFileSync(history.path(first ?? { path: '' }).replace('run-a', 'run-z'), 'half a file');
  });
  await withHistory(root, async (history) => {
    await history.append([batch('d', '2026-10-04')]);
    assert.is(await counted(history, 'points'), 4);
    assert.not.ok(existsSync(stray));
    for (const file of history.catalogue.files) {
      assert.not.ok(existsSync(history.path(file).replace(/run-[ad]/u, 'run-z')));
    }
  });
});

test('two that append at once lose nothing', async () => {
  const root = folder();
  const one = await History.open(root);
  const two = await History.open(root);
  try {
    await Promise.all([
      one.append([batch('a', '2026-10-01')]),
      two.append([batch('b', '2026-10-02')]),
    ]);
  } finally {
    await one.close();
    await two.close();
  }
  await withHistory(root, async (history) => assert.is(await counted(history, 'runs'), 2));
});

test('raw samples go after their time, day by day; summaries stay, and what acceptance measured', async () => {
  await withHistory(folder(), async (history) => {
    const accepted = batch('c', '2026-08-01', ['serial:A'], 'accept');
    await history.append([accepted, batch('a', '2026-09-01'), batch('b', '2026-10-30')]);
    await history.compact('2026-11-01', 30);
    assert.is(await counted(history, 'samples'), 3);
    assert.is(await counted(history, 'points'), 5);
    await history.compact('2026-11-30', 30);
    assert.is(await counted(history, 'samples'), 1);
  });
});

test('a history of a newer version, and one that is none, are named', async () => {
  const root = folder();
  await withHistory(root, (history) => history.append([batch('a', '2026-10-01')]));
  const file = join(root, 'history.json');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/assay\/history\/\d+/u, 'assay/history/99'));
  await rejects(History.open(root), 'RUN_SCHEMA_NEWER');
  writeFileSync(file, text.replace('points/', '../points/'));
  await rejects(History.open(root), 'RUN_UNREADABLE');
});

test('SQL is one SELECT over the views: nothing else is read or written', async () => {
  const root = folder();
  await withHistory(root, (history) => history.append([batch('a', '2026-10-01')]));
  const secret = join(out, 'secret.csv');
  writeFileSync(secret, 'a\n1\n');
  const asked = (sql: string) => withHistory(root, (history) => readOnly(history, sql));
  const { columns, rows } = await asked('SELECT serial, value FROM points ORDER BY serial');
  assert.equal(columns, ['serial', 'value']);
  assert.equal(rows[1], { serial: 'serial:B', value: 101 });
  for (const sql of [
    'DROP VIEW points',
    'SELECT 1; SELECT 2',
    `COPY (SELECT 1) TO '${join(out, 'written.csv')}'`,
    `SELECT * FROM read_csv('${secret}')`,
    `SELECT * FROM read_text('/etc/hostname')`,
    "SELECT * FROM glob('/*')",
    'SET enable_external_access = true',
    `ATTACH '${join(out, 'other.db')}'`,
    'INSTALL httpfs',
    'SELECT nonsense',
  ]) {
    await rejects(asked(sql), 'USAGE');
  }
  assert.not.ok(existsSync(join(out, 'written.csv')));
});

test('events are kept with their bodies', async () => {
  await withHistory(folder(), async (history) => {
    const event = {
      id: 'declared-1',
      at: '2026-10-01T10:00:00.000Z',
      night: '2026-10-01',
      kind: 'declared' as const,
      body: { what: 'driver', change: "570→580 'x'" },
    };
    await history.append([eventBatch('declared-1', 'D / 1', '2026-10-01', [event])]);
    const [row] = await history.database.all('SELECT * FROM events');
    assert.equal(JSON.parse(String(row?.['body'])), event.body);
    assert.is(row?.['night'], '2026-10-01');
  });
});

test.run();
