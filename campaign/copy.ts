/** A copy of a sealed run for others: whole private files are left out and listed by hash. */
import { copyFile, cp, mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HarnessError, systemCode } from '../plan/errors.ts';
import { onDisk } from './directory/disk.ts';
import { readJson, unreadable, writeJson } from './directory/json.ts';
import { laterFolders } from './directory/later.ts';
import { hashFile } from './directory/manifest.ts';
import type { RunReader, StreamEntry, WithheldFile } from './directory/model.ts';
import { manifestShape } from './directory/shapes.ts';
import { isThere } from './directory/writer.ts';

/**
 * Copies what others may see; manifest.json and signatures stay as they are.
 *
 * @param into a new or an empty folder
 * @param whom who it is for, in one word
 * @throws {HarnessError} RUN_UNREADABLE when the run is not sealed; USAGE when the folder holds
 *   something, or the plan withholds what the run has not; DISK_FULL
 */
export async function copyFor(run: RunReader, into: string, whom: string): Promise<WithheldFile> {
  const sealed = join(run.path, 'manifest.json');
  if (!(await isThere(sealed))) throw unreadable(run.path, `${run.path} is not sealed`);
  const manifest = await readJson(sealed, 'manifest', 1, manifestShape);
  await emptyFolder(into);
  const segments = await privateSegments(run);
  const left = new Set(['private.json', ...segments.map((name) => `evidence/${name}`)]);
  const withheld: WithheldFile = {
    schema: 'assay/withheld/1',
    run: manifest.run,
    for: whom,
    manifest: await hashFile(sealed),
    files: Object.fromEntries(Object.entries(manifest.files).filter(([file]) => left.has(file))),
    later: await laterHashes(run.path),
  };
  await onDisk(into, async () => {
    for (const file of [...Object.keys(manifest.files), 'manifest.json']) {
      if (left.has(file)) continue;
      const to = join(into, file);
      await mkdir(dirname(to), { recursive: true });
      await copyFile(join(run.path, file), to);
    }
    const signatures = join(run.path, 'signatures');
    if (await isThere(signatures))
      await cp(signatures, join(into, 'signatures'), { recursive: true });
  });
  await writeJson(join(into, 'withheld.json'), withheld);
  return withheld;
}

/** Segments that hold a stream of what the plan keeps private (`report.private`). */
async function privateSegments(run: RunReader): Promise<string[]> {
  const words = new Set(run.plan.report.private);
  const met = new Set<string>();
  const segments = new Set<string>();
  for await (const entry of run.streams()) {
    const hits = namesOf(entry).filter((name) => words.has(name));
    for (const name of hits) met.add(name);
    if (hits.length > 0) for (const { segment } of entry.blocks) segments.add(segment);
  }
  const unmet = [...words].find((word) => !met.has(word));
  if (unmet === undefined) return [...segments].sort();
  throw new HarnessError('USAGE', `report.private names "${unmet}", and no evidence is of that`, {
    hint: 'It may name "evidence", a suite, a case or a node id; nothing was copied.',
  });
}

/** What `report.private` may call a stream by. */
function namesOf({ suite, attempt, node }: StreamEntry): readonly string[] {
  return ['evidence', suite, attempt.split('@')[0] ?? '', node];
}

async function laterHashes(path: string): Promise<WithheldFile['later']> {
  const hashes: [string, string][] = [];
  for (const folder of await laterFolders(path)) {
    hashes.push([`later/${basename(folder)}`, await hashFile(join(folder, 'manifest.json'))]);
  }
  return Object.fromEntries(hashes);
}

async function emptyFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    if ((await readdir(path)).length === 0) return;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new HarnessError('USAGE', `${path} can't be made (${systemCode(error)})`, {
      hint: 'Name a new or an empty folder.',
      cause: error,
    });
  }
  throw new HarnessError('USAGE', `${path} is not empty`, {
    hint: 'Name a new or an empty folder: a copy is nothing but what the run has.',
  });
}
