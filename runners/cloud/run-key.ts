/**
 * The SSH key of a run: made for it, 0600, outside the run directory (no secret goes there), and kept until
 * everything is given back, so that a run that was killed can be taken up.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemCode } from '../../plan/errors.ts';
import { newKey } from '../ssh/new-key.ts';

/** Where the private half lies, and the public half. */
export interface RunKey {
  readonly file: string;
  /** Line for authorized_keys. */
  readonly publicKey: string;
}

/**
 * The key of a run, made when there is none yet.
 *
 * @param run run id, safe in file names
 * @param environment for XDG_STATE_HOME
 */
export async function runKey(
  run: string,
  type: 'ed25519' | 'rsa',
  environment: NodeJS.ProcessEnv,
): Promise<RunKey> {
  const folder = folderOf(run, environment);
  const file = join(folder, 'id');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return { file, publicKey: (await readFile(`${file}.pub`, 'utf8')).trim() };
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  const made = newKey(type, `assay-${run}`);
  await writeFile(file, made.privateKey, { mode: 0o600 });
  // Last: with it the pair is whole.
  await writeFile(`${file}.pub`, `${made.publicKey}\n`, { mode: 0o600 });
  return { file, publicKey: made.publicKey };
}

/** Removes it; nothing is left that it opens. */
export async function forgetRunKey(run: string, environment: NodeJS.ProcessEnv): Promise<void> {
  await rm(folderOf(run, environment), { recursive: true, force: true });
}

function folderOf(run: string, environment: NodeJS.ProcessEnv): string {
  const state = environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return join(state, 'assay', 'keys', run.replaceAll(/[^\w.-]/gu, '_'));
}
