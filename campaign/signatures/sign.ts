/** Signs a sealed run: a signature by ssh-keygen over its manifest.json, one file a signer. */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { onDisk, writeAtomic } from '../directory/disk.ts';
import { unreadable } from '../directory/json.ts';
import { lock } from '../directory/lock.ts';
import { isThere } from '../directory/writer.ts';
import { checkManifest, type Problem } from '../verify-files.ts';
import { complaint, keygen, NAMESPACE, succeeded } from './keygen.ts';
import { stampFile } from './timestamp.ts';

/** Names of signers are file names, and principals in allowed_signers. */
export const SIGNER = /^[\w][\w.@+-]{0,99}$/u;

/** Who signs, and with what. */
export interface SignSetup {
  /** Private key, or the public key of one that an agent or a hardware token holds. */
  readonly key: string;
  /** Principal; absent: the comment of the public key. */
  readonly signer?: string;
  /** URL of an RFC 3161 time-stamp authority. */
  readonly timestamp?: string;
  readonly signal?: AbortSignal;
}

/** What was written, as paths from the run directory. */
export interface Signed {
  readonly signer: string;
  readonly files: readonly string[];
}

/**
 * Writes `signatures/<signer>.sig`, and `.tsr` beside it where a time stamp is asked for.
 *
 * @throws {HarnessError} RUN_UNREADABLE when the run is not sealed; EVIDENCE_HASH_MISMATCH when its
 *   files are not those of its manifest; USAGE for a key or a name that can't sign; TOOL_MISSING;
 *   PROVIDER_TRANSIENT when the time-stamp authority does not answer
 */
export async function signRun(path: string, setup: SignSetup): Promise<Signed> {
  const root = resolve(path);
  const problems: Problem[] = [];
  if (!(await isThere(join(root, 'manifest.json')))) {
    throw unreadable(root, `${root} is not sealed: there is no manifest.json to sign`);
  }
  await checkManifest(root, '', problems);
  const [first] = problems;
  if (first !== undefined) {
    const message = `${first.file}: ${first.what}: this run is not signed`;
    throw new HarnessError('EVIDENCE_HASH_MISMATCH', message, {
      hint: 'See `assay verify`; sign an untouched copy.',
    });
  }
  const signer = setup.signer ?? (await commentOf(setup.key));
  if (!SIGNER.test(signer)) throw noName(signer);
  const name = `signatures/${signer}.sig`;
  const signature = await signatureOf(await readFile(join(root, 'manifest.json')), setup);
  const folder = join(root, 'signatures');
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  const unlock = await lock(join(root, '.lock'));
  try {
    if (await isThere(join(root, name))) {
      throw new HarnessError('USAGE', `${signer} has signed this run already`, {
        hint: `A signature is never rewritten; name another signer by --signer, or look at ${name}.`,
      });
    }
    const stamp =
      setup.timestamp === undefined
        ? undefined
        : await stampFile(signature, setup.timestamp, setup.signal);
    // The stamp first: a signature without it can't be told from one that never had any.
    if (stamp !== undefined) await writeAtomic(join(folder, `${signer}.tsr`), stamp);
    await writeAtomic(join(root, name), signature);
    return { signer, files: stamp === undefined ? [name] : [name, `signatures/${signer}.tsr`] };
  } finally {
    await unlock();
  }
}

async function signatureOf(
  manifest: Uint8Array,
  { key, signal }: Pick<SignSetup, 'key' | 'signal'>,
): Promise<Buffer> {
  const ran = await keygen(['sign', '-f', key, '-n', NAMESPACE], manifest, signal);
  if (succeeded(ran) && ran.stdout.length > 0) return ran.stdout;
  throw new HarnessError('USAGE', `ssh-keygen can't sign with ${key}: ${complaint(ran)}`, {
    hint: 'Name a private key, or the .pub of one in your agent (ssh-add -l).',
  });
}

async function commentOf(key: string): Promise<string> {
  try {
    const text = await readFile(key.endsWith('.pub') ? key : `${key}.pub`, 'utf8');
    return text.trim().split(/\s+/u).slice(2).join(' ');
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return '';
  }
}

function noName(signer: string): HarnessError {
  const message =
    signer === ''
      ? 'the key has no comment to name its signer by'
      : `${JSON.stringify(signer)} can't name a signer`;
  return new HarnessError('USAGE', message, {
    hint: 'Give --signer NAME, as allowed_signers will spell it, e.g. buyer@example.com.',
  });
}
