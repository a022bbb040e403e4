/** Checks the signatures of a folder against its manifest.json and the keys that one trusts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { namesIn, type Problem } from '../verify-files.ts';
import { complaint, keygen, NAMESPACE, succeeded } from './keygen.ts';
import { checkStamp, type Stamp } from './timestamp.ts';

/** Whom to trust; without `allowed` a signature is only held against the manifest. */
export interface Trust {
  /** OpenSSH allowed_signers file. */
  readonly allowed?: string;
  /** Signers that must be there. */
  readonly required?: readonly string[];
  /** PEM file of the time-stamp authority's certificates. */
  readonly authority?: string;
  /** Moment at which keys must be valid where no verified time stamp says another. */
  readonly now: Date;
}

/** One signature. */
export interface CheckedSignature {
  /** Path from the run directory. */
  readonly file: string;
  readonly signer: string;
  /** unchecked: right for this manifest; nobody said whose key it must be. */
  readonly word: 'valid' | 'unchecked' | 'invalid';
  /** One sentence: the key's fingerprint, or what is wrong. */
  readonly says: string;
  readonly stamp?: Stamp;
}

/**
 * @param prefix path of the folder from the run directory, "" or with "/" at its end
 * @returns every signature; what is wrong is in `problems`
 * @throws {HarnessError} USAGE when the allowed_signers file can't be read; TOOL_MISSING
 */
export async function checkSignatures(
  root: string,
  prefix: string,
  trust: Trust,
  problems: Problem[],
): Promise<readonly CheckedSignature[]> {
  if (trust.allowed !== undefined) await readable(trust.allowed);
  const folder = join(root, prefix, 'signatures');
  const names = await namesIn(root, `${prefix}signatures`, problems);
  const signers = names.filter((name) => name.endsWith('.sig')).map((name) => name.slice(0, -4));
  const manifest = await bytesOf(join(root, prefix, 'manifest.json'));
  const checked: CheckedSignature[] = [];
  for (const signer of signers) {
    const one = await checkOne(folder, `${prefix}signatures/`, signer, manifest, trust);
    checked.push(one);
    if (one.word === 'invalid') problems.push({ file: one.file, what: one.says });
  }
  for (const name of names) {
    const [stem, kind] = [name.slice(0, -4), name.slice(-4)];
    if (kind === '.sig' || (kind === '.tsr' && signers.includes(stem))) continue;
    problems.push({ file: `${prefix}signatures/${name}`, what: 'is no signature' });
  }
  for (const signer of trust.required ?? []) {
    if (prefix !== '' || signers.includes(signer)) continue;
    problems.push({ file: `signatures/${signer}.sig`, what: 'is missing' });
  }
  return checked;
}

async function checkOne(
  folder: string,
  prefix: string,
  signer: string,
  bytes: Uint8Array,
  trust: Trust,
): Promise<CheckedSignature> {
  const path = join(folder, `${signer}.sig`);
  const about = { file: `${prefix}${signer}.sig`, signer };
  const signature = await readFile(path);
  const stamp = await stampOf(join(folder, `${signer}.tsr`), signature, trust);
  const base = { ...about, ...(stamp && { stamp }) };
  if (stamp?.stamp === 'invalid') {
    return { ...base, word: 'invalid', says: `its time stamp does not hold: ${stamp.why}` };
  }
  const own = await keygen(['check-novalidate', '-n', NAMESPACE, '-s', path], bytes);
  if (!succeeded(own)) {
    const says = `is no signature over this manifest.json (${complaint(own)})`;
    return { ...base, word: 'invalid', says };
  }
  const key = /with (.+)$/mu.exec(own.stdout.toString('utf8'))?.[1]?.trim() ?? 'a key';
  if (trust.allowed === undefined) return { ...base, word: 'unchecked', says: `by ${key}` };
  const at = stamp?.stamp === 'verified' ? new Date(stamp.at) : trust.now;
  const ran = await keygen(
    ['verify', '-f', trust.allowed, '-I', signer, '-n', NAMESPACE, '-s', path, ...timeOf(at)],
    bytes,
  );
  if (succeeded(ran)) return { ...base, word: 'valid', says: `by ${key}` };
  const says = await whyNot(trust.allowed, signer, ran.stderr.toString('utf8'), key);
  return { ...base, word: 'invalid', says };
}

/** What is wrong with a signature that is right for the manifest. */
async function whyNot(allowed: string, signer: string, said: string, key: string): Promise<string> {
  const reason = /key (has expired|is not yet valid|is not permitted[^\n]*)(?::([^\n]*))?/u.exec(
    said,
  );
  if (reason !== null)
    return `its key ${reason[1]}${reason[2] === undefined ? '' : ` (${reason[2].trim()})`}`;
  const known = await keygen(['match-principals', '-I', signer, '-f', allowed], new Uint8Array());
  return succeeded(known)
    ? `is by another key (${key}) than allowed_signers has for ${signer}`
    : `${signer} is not in allowed_signers`;
}

function timeOf(at: Date): readonly string[] {
  const stamp = at.toISOString().replaceAll(/[-:T]/gu, '').slice(0, 14);
  return ['-O', `verify-time=${stamp}`];
}

async function stampOf(
  path: string,
  signature: Uint8Array,
  { authority }: Trust,
): Promise<Stamp | undefined> {
  try {
    return await checkStamp(signature, await readFile(path), authority);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return new Uint8Array();
    throw error;
  }
}

async function readable(path: string): Promise<void> {
  try {
    await readFile(path);
  } catch (error) {
    throw new HarnessError('USAGE', `${path} can't be read`, {
      hint: 'Name an OpenSSH allowed_signers file: a line "buyer@example.com ssh-ed25519 AAAA…" each.',
      cause: error,
    });
  }
}
