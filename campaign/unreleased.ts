/** Runs whose process is gone and that never said they had given everything back. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HarnessError } from '../plan/errors.ts';
import { readJson } from './directory/json.ts';
import { lock } from './directory/lock.ts';
import { planShape } from './directory/shapes.ts';
import { isThere } from './directory/writer.ts';
import { readJournal } from './journal.ts';

/**
 * Ids of such runs below a folder; none where there is no such folder.
 *
 * @param runner only runs of plans with this runner
 * @throws {HarnessError} RUN_UNREADABLE with the line of a journal that is broken
 */
export async function unreleasedRuns(out: string, runner: string): Promise<readonly string[]> {
  const root = resolve(out);
  if (!(await isThere(root))) return [];
  const found: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (!entry.isDirectory() || !(await isThere(join(path, 'plan.json')))) continue;
    const plan = await readJson(join(path, 'plan.json'), 'plan', 1, planShape);
    if (plan.fleet.runner !== runner || (await isWritten(path))) continue;
    const id = await unreleased(join(path, 'journal.ndjson'));
    if (id !== undefined) found.push(id);
  }
  return found.sort();
}

/** The run's id when its last word about its machines is not that they are gone. */
async function unreleased(journal: string): Promise<string | undefined> {
  let id: string | undefined;
  let last: unknown;
  for await (const event of readJournal(journal)) {
    if (event.event === 'run-start') id = event.run;
    if (event.event === 'intent') last = event.record['act'];
  }
  return last === undefined || last === 'released' ? undefined : id;
}

/** A run that is going on is nobody's leftover. */
async function isWritten(path: string): Promise<boolean> {
  try {
    await (
      await lock(join(path, '.lock'))
    )();
    return false;
  } catch (error) {
    if (error instanceof HarnessError) return true;
    throw error;
  }
}
