/** manifest.json: the SHA-256 of every file of a run; its own hash is what signatures stand on. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../plan/errors.ts';
import { readJson, unreadable, writeJson } from './json.ts';
import type { Manifest } from './model.ts';
import { manifestShape } from './shapes.ts';

/** Folders that stand outside a run's manifest: each has its own proof. */
const OUTSIDE = ['signatures', 'later'];
const OWN = ['manifest.json', 'withheld.json', '.lock'];

/** SHA-256 (hex) of a file, read as a stream. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** Files that a manifest of this folder covers, sorted, with "/" between folders. */
export async function coveredFiles(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !OWN.includes(path) && !OUTSIDE.includes(path.split('/')[0] ?? ''))
    .sort();
}

/**
 * Holds files of a sealed run against its manifest, before anything is made of them.
 *
 * @throws {HarnessError} RUN_UNREADABLE naming the file that is not as it was sealed
 */
export async function assertSealed(root: string, files: readonly string[]): Promise<void> {
  const manifest = await readJson(join(root, 'manifest.json'), 'manifest', 1, manifestShape);
  for (const name of files) {
    const path = join(root, name);
    let sha256: string | undefined;
    try {
      sha256 = await hashFile(path);
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      throw unreadable(path, `${name} can't be read (${code})`, error);
    }
    if (sha256 === manifest.files[name]?.sha256) continue;
    throw unreadable(
      path,
      `${name} is not as it was sealed: its SHA-256 differs from the manifest's`,
    );
  }
}

/** Hashes what is in the folder and writes its manifest.json, last. */
export async function writeManifest(
  root: string,
  about: Omit<Manifest, 'schema' | 'files'>,
): Promise<Manifest> {
  const files: Record<string, { sha256: string; bytes: number }> = {};
  for (const path of await coveredFiles(root)) {
    const full = join(root, path);
    files[path] = { sha256: await hashFile(full), bytes: (await stat(full)).size };
  }
  const manifest: Manifest = { schema: 'assay/manifest/1', ...about, files };
  await writeJson(join(root, 'manifest.json'), manifest);
  return manifest;
}
