import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resume } from '../../campaign/accept.ts';
import { readAttempts } from '../../campaign/attempts.ts';
import { EvidenceReader } from '../../campaign/evidence/reader.ts';
import { readJournal } from '../../campaign/journal.ts';
import { openRun } from '../../campaign/directory/reader.ts';
import { verifyRun } from '../../campaign/verify.ts';
import { stream } from '../../plan/random.ts';
import { killedFleet, killedSetup } from '../campaign/killed-setup.ts';

const test = suite('campaign kill');
const child = fileURLToPath(new URL('../campaign/killed-run.ts', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'assay-kill-'));

function runChild(id: string, appends: number, where: string) {
  return spawnSync(process.execPath, ['--import', 'tsx', child, out, id, String(appends), where], {
    encoding: 'utf8',
    timeout: 120_000,
  });
}

/** A run that was killed; how many writes one makes varies, so that a late moment may come too late. */
async function killedRun(id: string, moment: number, where: string): Promise<string> {
  for (let at = moment; at > 2; at = Math.floor(at * 0.9)) {
    const name = `${id}-${at}`;
    const killed = runChild(name, at, where);
    if (killed.signal === 'SIGKILL') return join(out, name);
    assert.is(killed.status, 0, killed.stderr);
  }
  throw new Error(`${id} was never killed`);
}

/** Attempts that had ended, with a hash over the bytes of all their streams. */
async function finished(path: string): Promise<Map<string, string>> {
  const evidence = new EvidenceReader(join(path, 'evidence'));
  const hashes = new Map<string, string[]>();
  for await (const entry of evidence.streams()) {
    const hash = createHash('sha256');
    for (const bytes of evidence.bytes(entry)) hash.update(bytes);
    assert.is(entry.sha256, hash.digest('hex'));
    hashes.set(entry.attempt, [
      ...(hashes.get(entry.attempt) ?? []),
      `${entry.key} ${entry.sha256}`,
    ]);
  }
  await evidence.close();
  const ended = new Map<string, string>();
  for await (const attempt of readAttempts(readJournal(join(path, 'journal.ndjson')))) {
    if (attempt.outcome !== undefined) {
      ended.set(attempt.id, (hashes.get(attempt.id) ?? []).sort().join('\n'));
    }
  }
  return ended;
}

test('killed at ten moments, half of them inside a write, a run keeps what had ended and ends alike', async () => {
  const whole = runChild('whole', 0, 'after');
  const appends = Number(/appends (\d+)/u.exec(whole.stdout)?.[1]);
  assert.ok(appends > 40, whole.stdout + whole.stderr);
  const random = stream(11, 'kills');
  const survived: number[] = [];
  for (let kill = 0; kill < 10; kill += 1) {
    // Over the whole journal: one moment in each tenth of it.
    const moment = Math.max(3, Math.floor(((kill + random()) / 10) * appends));
    const path = await killedRun(`kill-${kill}`, moment, kill % 2 === 0 ? 'inside' : 'after');
    const before = await finished(path);
    survived.push(before.size);
    const fleet = killedFleet();
    const end = await resume(path, killedSetup(fleet));
    assert.is(end.sealed, true);
    assert.is(end.judgement?.verdict.lot.verdict, 'reject');
    assert.equal(
      end.judgement?.verdict.nodes.map((node) => node.verdict),
      ['pass', 'pass', 'pass', 'pass', 'fail', 'pass'],
    );
    const after = await finished(path);
    for (const [attempt, evidence] of before) assert.is(after.get(attempt), evidence, attempt);
    const again = fleet.started.filter((step) => before.has(step.attempt));
    assert.equal(again, [], 'a finished attempt was started again');
    const run = await openRun(path);
    const measured = new Map<string, number>();
    for await (const { trial, outcome } of run.attempts()) {
      if (outcome?.status === 'measured') measured.set(trial.id, (measured.get(trial.id) ?? 0) + 1);
    }
    await run.close();
    // 6 inventories, 2 cases × 6 nodes × 3 trials, 3 pairs × 3 trials: each measured once.
    assert.is(measured.size, 6 + 2 * 6 * 3 + 3 * 3);
    assert.ok([...measured.values()].every((times) => times === 1));
    const { units, createJudge } = killedSetup(fleet);
    assert.equal((await verifyRun(path, { createJudge, revive: async () => units })).problems, []);
  }
  assert.ok(Math.max(...survived) > 20, `finished before the kill: ${survived.join(' ')}`);
});

test.run();
