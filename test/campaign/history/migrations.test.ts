import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openDatabase } from '../../../campaign/history/database.ts';
import type { Catalogue } from '../../../campaign/history/model.ts';
import { withHistory } from '../../../campaign/history/store.ts';
import { HISTORY_VERSION, literal } from '../../../campaign/history/tables.ts';

const test = suite('history migrations');
const root = mkdtempSync(join(tmpdir(), 'assay-migrations-'));
test.after(() => rmSync(root, { recursive: true, force: true }));

/** Takes a history back to version 1: its samples had no window. */
async function madeOld(): Promise<void> {
  const file = join(root, 'history.json');
  const catalogue = JSON.parse(readFileSync(file, 'utf8')) as Catalogue;
  const database = await openDatabase(root);
  const files = [];
  for (const one of catalogue.files) {
    const path = join(root, one.path);
    if (one.table === 'samples') {
      await database.run(
        `COPY (SELECT * EXCLUDE (window_start, window_end) FROM read_parquet(${literal(path)}, hive_partitioning = false)) TO ${literal(path)} (FORMAT parquet)`,
      );
    }
    const bytes = readFileSync(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    files.push({ ...one, sha256, bytes: bytes.length });
  }
  database.close();
  writeFileSync(file, JSON.stringify({ ...catalogue, schema: 'assay/history/1', files }));
}

test('a history of version 1 is brought up to now, with every row, and appended to once', async () => {
  const about = { run: 'a', purpose: 'accept', night: '2026-10-01' };
  const batch = {
    id: 'run-a',
    delivery: 'D',
    date: '2026-10-01',
    rows: {
      runs: [{ ...about, sealed_at: '2026-10-01 01:00:00', delivery: 'D' }],
      points: [1, 2].map((n) => ({ ...about, metric: 'm', n, value: 5, low: 5, high: 4 + n })),
      samples: [1, 2, 3].map((value) => ({ ...about, metric: 'm', value, attempt: `t#${value}` })),
    },
  };
  await withHistory(root, (history) => history.append([batch]));
  await madeOld();
  await withHistory(root, async (history) => {
    assert.is(history.catalogue.schema, `assay/history/${HISTORY_VERSION}`);
    const rows = await history.database.all(
      'SELECT value, attempt, window_start FROM samples ORDER BY value',
    );
    assert.equal(
      rows.map(({ value, attempt, window_start: start }) => [value, attempt, start]),
      [
        [1, 't#1', null],
        [2, 't#2', null],
        [3, 't#3', null],
      ],
    );
    assert.equal(await history.append([batch]), []);
    // A point of one trial has its bounds, though they are not stored.
    const points = await history.database.all('SELECT n, low, high FROM points ORDER BY n');
    assert.equal(points, [
      { n: 1, low: 5, high: 5 },
      { n: 2, low: 5, high: 6 },
    ]);
    const [file] = history.catalogue.files.filter(({ table }) => table === 'points');
    const stored = await history.database.all(
      `SELECT n, low FROM read_parquet(${literal(join(root, file?.path ?? ''))}) ORDER BY n`,
    );
    assert.equal(stored, [
      { n: 1, low: null },
      { n: 2, low: 5 },
    ]);
  });
  const { schema } = JSON.parse(readFileSync(join(root, 'history.json'), 'utf8')) as Catalogue;
  assert.is(schema, `assay/history/${HISTORY_VERSION}`);
});

test.run();
