/** What is done to a sealed run afterwards: beside it, under `later/<n>/`, never in it. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { onDisk, syncFolder } from './disk.ts';
import { readJson } from './json.ts';
import { lock } from './lock.ts';
import { hashFile, writeManifest } from './manifest.ts';
import { manifestShape } from './shapes.ts';
import { isThere } from './writer.ts';

/**
 * Writes one more folder under `later/`, with its own manifest and the hash of the run's.
 *
 * @param run a sealed run directory
 * @param about what it is (`judge`, `report`, `drain` …), and the version of assay
 * @param write puts its files into the folder given
 * @returns the folder
 * @throws {HarnessError} RUN_UNREADABLE when the run is not sealed; DISK_FULL
 */
export async function writeLater(
  run: string,
  about: { readonly kind: string; readonly version: string; readonly at: Date },
  write: (folder: string) => Promise<void>,
): Promise<string> {
  const root = resolve(run);
  const sealed = join(root, 'manifest.json');
  if (!(await isThere(sealed))) {
    throw new HarnessError('RUN_UNREADABLE', `${root} is not sealed`, {
      hint: 'Bring it to its end with `assay resume` first.',
      details: { path: root },
    });
  }
  const { run: id } = await readJson(sealed, 'manifest', 1, manifestShape);
  const later = join(root, 'later');
  await onDisk(later, () => mkdir(later, { recursive: true }));
  const unlock = await lock(join(root, '.lock'));
  try {
    const number = await nextNumber(later);
    const folder = join(later, String(number));
    const previous = await previousHash(later, number);
    const making = `${folder}.tmp`;
    await rm(making, { recursive: true, force: true });
    await mkdir(making);
    await onDisk(making, () => write(making));
    await writeManifest(making, {
      run: id,
      sealedAt: about.at.toISOString(),
      version: about.version,
      kind: about.kind,
      parent: await hashFile(sealed),
      ...(previous !== undefined && { previous }),
    });
    await rename(making, folder);
    await syncFolder(later);
    return folder;
  } finally {
    await unlock();
  }
}

/** Folders under `later/`, oldest first. */
export async function laterFolders(run: string): Promise<string[]> {
  const later = join(resolve(run), 'later');
  return (await numbers(later)).map((number) => join(later, String(number)));
}

async function previousHash(later: string, number: number): Promise<string | undefined> {
  const manifest = join(later, String(number - 1), 'manifest.json');
  return (await isThere(manifest)) ? hashFile(manifest) : undefined;
}

async function nextNumber(later: string): Promise<number> {
  return Math.max(0, ...(await numbers(later))) + 1;
}

async function numbers(later: string): Promise<number[]> {
  try {
    const names = await readdir(later);
    return names
      .filter((name) => /^\d+$/u.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
