/** What a bench needs before it can begin: its peers, a build of ours, its options. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Setup {
  installDebian(this: void, wanted: Readonly<Record<string, readonly string[]>>): readonly string[];
}

/** Installs Debian packages (package → programs that show it is there). @throws when one is missing still */
export async function needPeer(wanted: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const setup = new URL('../bin/setup.mjs', import.meta.url).href;
  const { installDebian } = (await import(setup)) as Setup;
  const missing = installDebian(wanted);
  if (missing.length > 0) throw new Error(`could not be installed: ${missing.join(' ')}`);
}

/** Builds, and gives the folder of what is run for real: no TypeScript loader is in the figures. */
export function builtDist(): string {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const built = spawnSync(process.execPath, ['bin/build.mjs'], { cwd: root, stdio: 'inherit' });
  if (built.status !== 0) throw new Error('the build failed');
  return fileURLToPath(new URL('../dist', import.meta.url));
}

/** The number after a word of the command line. */
export function numberAfter(words: readonly string[], word: string): number | undefined {
  const at = words.indexOf(word);
  return at < 0 ? undefined : Number(words[at + 1]);
}
