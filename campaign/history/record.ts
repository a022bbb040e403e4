/** Puts sealed run directories into the history: once each, whoever asks and however often. */
import { join } from 'node:path';
import { hashFile } from '../directory/manifest.ts';
import { readJson } from '../directory/json.ts';
import type { Manifest } from '../directory/model.ts';
import { openRun } from '../directory/reader.ts';
import { manifestShape } from '../directory/shapes.ts';
import { isThere } from '../directory/writer.ts';
import { CATALOGUE } from './catalogue.ts';
import { batchOf, runBatch } from './ingest.ts';
import { withHistory, type History } from './store.ts';

/**
 * Appends one run.
 *
 * @param path a sealed run directory whose files were held against its manifest
 * @param night YYYY-MM-DD that it counts to; absent: the day on which it was sealed
 * @returns false: it was there, or has no verdict
 * @throws {HarnessError} RUN_UNREADABLE, DISK_FULL
 */
export async function recordRun(
  history: History,
  path: string,
  manifest: Pick<Manifest, 'run' | 'sealedAt' | 'version'>,
  night?: string,
): Promise<boolean> {
  if (history.has(runBatch(manifest.run))) return false;
  const run = await openRun(path);
  try {
    if (run.verdict === undefined) return false;
    const batch = await batchOf(history.database, run, {
      history: history.catalogue.id,
      run: manifest.run,
      manifest: await hashFile(join(path, 'manifest.json')),
      sealedAt: manifest.sealedAt,
      version: manifest.version,
      ...(night !== undefined && { night }),
    });
    return (await history.append([batch])).length > 0;
  } finally {
    await run.close();
  }
}

/**
 * Appends a run that was just sealed to a history that was begun; where there is none, nothing is loaded
 * and the first `assay history` takes it in.
 *
 * @param folder of the history
 */
export async function recordSealed(folder: string, path: string): Promise<void> {
  if (!(await isThere(join(folder, CATALOGUE)))) return;
  const manifest = await readJson(join(path, 'manifest.json'), 'manifest', 1, manifestShape);
  await withHistory(folder, (history) => recordRun(history, path, manifest));
}
