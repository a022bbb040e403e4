/** The history under SIGKILL in the middle of appends, on a full disk, and from an older version. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Batch } from '../../campaign/history/model.ts';
import { withHistory, type History } from '../../campaign/history/store.ts';
import { rejects } from '../rejects.ts';

const test = suite('history faults');
const out = mkdtempSync(join(tmpdir(), 'assay-history-faults-'));
const store = fileURLToPath(new URL('../../campaign/history/store.ts', import.meta.url));
test.after(() => rmSync(out, { recursive: true, force: true }));

/** Rows of one run in two tables: together or not at all. */
function batch(at: number, rows = 200): Batch {
  const night = `2026-10-${String((at % 28) + 1).padStart(2, '0')}`;
  const about = { run: `r${at}`, purpose: 'nightly', night };
  return {
    id: `run-r${at}`,
    delivery: 'D',
    date: night,
    rows: {
      runs: [{ ...about, sealed_at: `${night} 01:00:00`, delivery: 'D' }],
      points: Array.from({ length: rows }, (_, row) => ({
        ...about,
        serial: `serial:${row}`,
        subject: `serial:${row}`,
        metric: 'm',
        parameters: '{}',
        n: 1,
        value: Math.sin(row * 7919 + at),
      })),
    },
  };
}

/** Points of each run that the history has. */
async function pointsByRun(history: History): Promise<ReadonlyMap<string, number>> {
  const rows = await history.database.all(
    'SELECT r.run, count(p.run) AS n FROM runs r LEFT JOIN points p USING (run) GROUP BY r.run',
  );
  return new Map(rows.map(({ run, n }) => [String(run), Number(n)]));
}

test('SIGKILL at any moment leaves whole runs only, and going on makes each of them once', async () => {
  const root = join(out, 'killed');
  const script = join(out, 'append.mts');
  writeFileSync(
    script,
    `import { withHistory } from ${JSON.stringify(store)};
     ${batch.toString()}
     await withHistory(${JSON.stringify(root)}, async (history) => {
       for (let at = 0; at < 40; at += 1) { await history.append([batch(at)]); console.log(at); }
     });`,
  );
  let kills = 0;
  let last = 0;
  for (let round = 0; round < 8; round += 1) {
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const begun = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    const ended = new Promise<NodeJS.Signals | null>((resolve) =>
      child.once('exit', (_code, signal) => resolve(signal)),
    );
    await Promise.race([begun, ended]);
    await pause(37 * round + 11);
    child.kill('SIGKILL');
    if ((await ended) === 'SIGKILL') kills += 1;
    await withHistory(root, async (history) => {
      const runs = await pointsByRun(history);
      for (const [run, n] of runs) assert.is(n, 200, run);
      assert.ok(runs.size >= last);
      last = runs.size;
    });
  }
  assert.ok(kills >= 4, `${kills} kills`);
  await withHistory(root, async (history) => {
    for (let at = 0; at < 40; at += 1) await history.append([batch(at)]);
    const runs = await pointsByRun(history);
    assert.is(runs.size, 40);
    assert.ok([...runs.values()].every((n) => n === 200));
  });
});

test('a full disk is said, and what was there stays whole', async () => {
  const disk = join(out, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
  if (mounted.status !== 0) {
    console.log('skipped: no file system can be mounted here');
    return;
  }
  try {
    await withHistory(join(disk, 'history'), async (history) => {
      await history.append([batch(0)]);
      const large = { ...batch(1, 60_000), id: 'run-large' };
      await rejects(history.append([large]), 'DISK_FULL');
      assert.equal([...(await pointsByRun(history))], [['r0', 200]]);
      assert.equal(await history.append([batch(2)]), ['run-r2']);
      assert.is((await pointsByRun(history)).size, 2);
    });
  } finally {
    spawnSync('umount', [disk]);
  }
});

test.run();
