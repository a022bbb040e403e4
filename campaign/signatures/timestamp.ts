/** RFC 3161 time stamps over a signature: it was there at that time, by somebody else's clock. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../../plan/errors.ts';
import { run, type Ran } from '../../runners/process.ts';
import { complaint, succeeded } from './keygen.ts';
import { timeLimit } from '../../plan/limit.ts';

/** Seconds for openssl, and for the authority's answer. */
const LIMIT = 30;

/** Bytes of an answer; a stamp with its certificates is a few KiB. */
const MOST = 256 * 1024;

/** What a time stamp comes to. */
export type Stamp =
  /** RFC 3339, by the authority. */
  | { readonly stamp: 'verified'; readonly at: string }
  /** Right for these bytes; nobody said whom to trust. */
  | { readonly stamp: 'unchecked'; readonly at: string }
  | { readonly stamp: 'invalid'; readonly why: string };

/**
 * Asks an authority for a stamp over some bytes.
 *
 * @returns the answer (DER), granted and over these bytes
 * @throws {HarnessError} TOOL_MISSING without openssl; PROVIDER_TRANSIENT, PROVIDER_INVALID
 */
export async function stampFile(
  bytes: Uint8Array,
  url: string,
  signal?: AbortSignal,
): Promise<Buffer> {
  return inFolder(async (folder) => {
    const data = join(folder, 'data');
    await writeFile(data, bytes);
    const query = await openssl(['ts', '-query', '-data', data, '-sha256', '-cert']);
    if (!succeeded(query)) throw new Error(`openssl ts -query: ${complaint(query)}`);
    const answer = await ask(url, query.stdout, signal);
    const reply = join(folder, 'reply.tsr');
    await writeFile(reply, answer);
    const stamp = await read(data, reply);
    if (stamp.stamp !== 'invalid') return answer;
    throw new HarnessError('PROVIDER_INVALID', `${url} gave no time stamp: ${stamp.why}`, {
      hint: 'Name an RFC 3161 authority that takes SHA-256 queries over HTTP.',
    });
  });
}

/**
 * Checks a stamp.
 *
 * @param bytes what it must be over
 * @param authority PEM file of certificates to trust; absent: the signature of the stamp is not checked
 * @throws {HarnessError} TOOL_MISSING
 */
export async function checkStamp(
  bytes: Uint8Array,
  answer: Uint8Array,
  authority?: string,
): Promise<Stamp> {
  return inFolder(async (folder) => {
    const [data, reply] = [join(folder, 'data'), join(folder, 'reply.tsr')];
    await writeFile(data, bytes);
    await writeFile(reply, answer);
    const stamp = await read(data, reply);
    if (stamp.stamp === 'invalid' || authority === undefined) return stamp;
    const words = ['ts', '-verify', '-data', data, '-in', reply, '-CAfile', authority];
    const ran = await openssl(words);
    if (succeeded(ran)) return { stamp: 'verified', at: stamp.at };
    return { stamp: 'invalid', why: `not by the authority in ${authority} (${complaint(ran)})` };
  });
}

/** Status, imprint and time of a reply. */
async function read(data: string, reply: string): Promise<Exclude<Stamp, { stamp: 'verified' }>> {
  const shown = await openssl(['ts', '-reply', '-in', reply, '-text']);
  const text = shown.stdout.toString('utf8');
  const time = /^Time stamp: (.+)$/mu.exec(text)?.[1];
  const at = time === undefined ? NaN : Date.parse(time);
  if (!succeeded(shown) || !/^Status: Granted/mu.test(text) || !Number.isFinite(at)) {
    return { stamp: 'invalid', why: 'it is no granted RFC 3161 reply' };
  }
  const digest = await openssl(['dgst', '-sha256', '-r', data]);
  const expected = digest.stdout.toString('utf8').slice(0, 64).toLowerCase();
  if (imprintOf(text) !== expected) {
    return { stamp: 'invalid', why: 'it is over other bytes than this signature' };
  }
  return { stamp: 'unchecked', at: new Date(at).toISOString() };
}

/** Hex digits of `Message data:`, which openssl prints as a dump. */
function imprintOf(text: string): string {
  const block = /^Message data:\n((?: {4}[0-9a-f]{4} - .*\n)+)/mu.exec(text)?.[1] ?? '';
  return [...block.matchAll(/^ {4}[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]){1,16})/gmu)]
    .map(([, bytes = '']) => bytes.replaceAll(/[^0-9a-f]/gu, ''))
    .join('');
}

async function ask(url: string, query: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query' },
      body: new Uint8Array(query),
      signal: timeLimit(LIMIT, ...(signal === undefined ? [] : [signal])),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const answer = Buffer.from(await response.arrayBuffer());
    if (answer.length > MOST) throw new Error(`${answer.length} bytes`);
    return answer;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    throw new HarnessError('PROVIDER_TRANSIENT', `${url} does not stamp: ${String(cause)}`, {
      hint: 'Try again, or sign without --timestamp.',
      cause: error,
    });
  }
}

async function openssl(words: readonly string[]): Promise<Ran> {
  const ran = await run(['openssl', ...words], {
    limit: LIMIT,
    environment: { TZ: 'UTC', LC_ALL: 'C' },
  });
  if (ran.ended !== 'not-started') return ran;
  throw new HarnessError('TOOL_MISSING', `openssl can't be started (${ran.code})`, {
    hint: 'Install OpenSSL: time stamps (RFC 3161) are made and checked by it.',
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-stamp-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
