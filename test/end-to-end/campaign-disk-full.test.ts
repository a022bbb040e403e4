import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { accept, resume } from '../../campaign/accept.ts';
import { readAttempts } from '../../campaign/attempts.ts';
import { readJournal } from '../../campaign/journal.ts';
import { verifyRun } from '../../campaign/verify.ts';
import type { HarnessError } from '../../plan/errors.ts';
import { stream } from '../../plan/random.ts';
import { FakeFleet, fakeRunner } from '../campaign/fake-fleet.ts';
import { fakeJudge, fakePlan, fakeUnits } from '../campaign/fake-suite.ts';

const test = suite('campaign disk full');
const mount = mkdtempSync(join(tmpdir(), 'assay-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]);

test.after(() => {
  if (mounted.status === 0) spawnSync('umount', [mount]);
  rmSync(mount, { recursive: true, force: true });
});

function setup() {
  const fleet = new FakeFleet({
    count: 4,
    process(step, node) {
      if (step.suite === 'inventory') return { output: `machine=${node}\n` };
      // 100 KiB that can't be compressed: the disk is full after a few trials.
      const random = stream(5, step.attempt, node);
      const noise = Buffer.from(Uint8Array.from({ length: 75_000 }, () => random() * 256));
      return { output: `${noise.toString('base64')}\nvalue=120\n`, delay: 5 };
    },
  });
  const units = fakeUnits();
  const runner = fakeRunner(fleet);
  const signal = new AbortController().signal;
  return { fleet, runner, units, createJudge: fakeJudge(3), version: '0.0.0-test', signal };
}

async function ended(path: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id, outcome } of readAttempts(readJournal(join(path, 'journal.ndjson')))) {
    if (outcome !== undefined) ids.push(id);
  }
  return ids.sort();
}

const name =
  'a full disk here is DISK_FULL, nodes are released, and what was measured is gone on with';
if (mounted.status === 0) {
  test(name, async () => {
    const first = setup();
    // Something that can be deleted to make room.
    writeFileSync(join(mount, 'other'), Buffer.alloc(200_000));
    let error: HarnessError | undefined;
    try {
      await accept(fakePlan(), { ...first, out: mount, id: 'full' });
    } catch (caught) {
      error = caught as HarnessError;
    }
    assert.is(error?.code, 'DISK_FULL', String(error));
    assert.is(error?.details['run'], join(mount, 'full'));
    assert.equal(first.fleet.released, [[]]);
    const before = await ended(join(mount, 'full'));
    assert.ok(before.length > 4, `only ${before.length} attempts had ended`);
    const out = mkdtempSync(join(tmpdir(), 'assay-roomy-'));
    const path = join(out, 'full');
    cpSync(join(mount, 'full'), path, { recursive: true });
    const second = setup();
    const end = await resume(path, second);
    assert.is(end.judgement?.verdict.lot.verdict, 'accept');
    assert.equal(
      second.fleet.started.filter((step) => before.includes(step.attempt)),
      [],
    );
    const after = await ended(path);
    assert.ok(before.every((id) => after.includes(id)));
    const { units, createJudge } = second;
    assert.equal((await verifyRun(path, { createJudge, revive: async () => units })).problems, []);
    rmSync(out, { recursive: true });
  });
} else {
  test.skip(`${name} (a tmpfs can't be mounted here: ${mounted.stderr?.toString().trim()})`, () =>
    undefined);
}

test.run();
