/** The programs that this version copies to nodes, by hash. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashFile } from '../campaign/directory/manifest.ts';

const FOLDERS = ['suites', 'runners'] as const;

/** SHA-256 → absolute path. */
export async function payloadFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const folder of FOLDERS) {
    const root = fileURLToPath(new URL(`../${folder}/`, import.meta.url));
    for (const name of await readdir(root, { recursive: true })) {
      if (!/(?:^|\/)payload\/[^/]+\.py$/u.test(name)) continue;
      files.set(await hashFile(join(root, name)), join(root, name));
    }
  }
  return files;
}
