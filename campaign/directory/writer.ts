/** A run directory that is being written: made, taken up again, sealed. */
import { randomBytes } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import type { Plan } from '../../plan/model.ts';
import { EvidenceWriter } from '../evidence/writer.ts';
import { Journal } from '../journal.ts';
import { onDisk, syncFolder } from './disk.ts';
import { writeJson } from './json.ts';
import { lock } from './lock.ts';
import { writeManifest } from './manifest.ts';
import { startRejected } from './rejected.ts';
import { privateFile, wholePlan, withoutPrivate } from './private.ts';

/** The open files of a run; one process at a time has them. */
export interface RunFiles {
  readonly path: string;
  readonly id: string;
  readonly plan: Plan;
  readonly journal: Journal;
  readonly evidence: EvidenceWriter;
  /** Path of a file of the run. */
  readonly file: (name: string) => string;
  /** Closes evidence and journal (no more events), then writes the manifest: the last file. */
  seal(version: string, at: Date): Promise<void>;
  /** Closes what is open and gives the lock back; after `seal` too. */
  close(): Promise<void>;
}

/** A new run's id: date, time (UTC) and six random hex digits; sorts by time, safe in file names. */
export function newRunId(now: Date): string {
  const time = now.toISOString().replaceAll(/[-:]/gu, '').replace('T', '-').slice(0, 15);
  return `${time}-${randomBytes(3).toString('hex')}`;
}

/**
 * Makes `<out>/<id>/` with plan.json, private.json, an empty journal and the header of rejected.csv.
 *
 * @throws {HarnessError} DISK_FULL; USAGE when `out` can't be made or written; RUN_UNREADABLE when the
 * folder is there already
 */
export async function createRun(
  out: string,
  id: string,
  plan: Plan,
  now: () => Date,
): Promise<RunFiles> {
  const path = join(resolve(out), id);
  await usable(out, () => makeFolders(resolve(out)));
  if (await isThere(path)) {
    throw new HarnessError('RUN_UNREADABLE', `${path} is there already`, {
      hint: 'Give the run another id, or go on with it by `assay resume`.',
      details: { path },
    });
  }
  await usable(out, () => mkdir(path));
  const unlock = await lock(join(path, '.lock'));
  try {
    // The private part first: where plan.json is, the run can be gone on with.
    await writeJson(join(path, 'private.json'), privateFile(plan));
    await writeJson(join(path, 'plan.json'), withoutPrivate(plan));
    await startRejected(join(path, 'rejected.csv'));
    await syncFolder(resolve(out));
    return await open(path, id, plan, unlock, now);
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** As `mkdir -p`; Node.js' own `recursive` never ends where a parent is there and takes no folder (/proc). */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolders(dirname(path));
    await mkdir(path);
  }
}

/** Makes a folder for a run; what keeps it from that is the user's to mend, and nothing was started. */
async function usable(out: string, make: () => Promise<unknown>): Promise<void> {
  try {
    await onDisk(resolve(out), make);
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof HarnessError || code === undefined) throw error;
    throw new HarnessError('USAGE', `runs can't be written to ${out} (${code})`, {
      hint: 'Name a folder that is writable, or can be made, with --out.',
      cause: error,
    });
  }
}

/**
 * Takes up a run that was interrupted.
 *
 * @throws {HarnessError} RUN_SEALED, RUN_UNREADABLE (broken, or another process writes it), RUN_SCHEMA_NEWER
 */
export async function reopenRun(path: string, now: () => Date): Promise<RunFiles> {
  const root = resolve(path);
  const plan = await wholePlan(root);
  if (await isThere(join(root, 'manifest.json'))) {
    throw new HarnessError('RUN_SEALED', `${root} is complete and sealed`, {
      hint: 'Start a new run, or use `assay judge` or `assay report` on this one.',
      details: { path: root },
    });
  }
  const unlock = await lock(join(root, '.lock'));
  try {
    if (!(await isThere(join(root, 'rejected.csv')))) {
      await startRejected(join(root, 'rejected.csv'));
    }
    const id = root.slice(root.lastIndexOf('/') + 1);
    return await open(root, id, plan, unlock, now);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function open(
  path: string,
  id: string,
  plan: Plan,
  unlock: () => Promise<void>,
  now: () => Date,
): Promise<RunFiles> {
  const evidence = await EvidenceWriter.open(join(path, 'evidence'));
  const journal = await Journal.open(join(path, 'journal.ndjson'), now);
  let files: 'open' | 'closed' = 'open';
  const closeFiles = async () => {
    if (files === 'closed') return;
    files = 'closed';
    await evidence.close();
    await journal.close();
  };
  return {
    path,
    id,
    plan,
    journal,
    evidence,
    file: (name) => join(path, name),
    async seal(version, at) {
      await closeFiles();
      await writeManifest(path, { run: id, sealedAt: at.toISOString(), version });
    },
    async close() {
      try {
        await closeFiles();
      } finally {
        await unlock();
      }
    },
  };
}

/** Whether a file is there. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    // ENOTDIR: what should be a folder above it is a file.
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
