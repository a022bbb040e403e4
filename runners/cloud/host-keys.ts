/** Host keys from a channel that the provider vouches for (console, guest attributes), host by host. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostKeyName } from '../ssh/known-hosts.ts';

const TYPES =
  /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{60,800}={0,3}/u;

/**
 * The public keys in a boot log, as cloud-init prints them between its marks.
 *
 * @returns "ssh-ed25519 AAAA…" without comments; empty: none were printed (yet)
 */
export function keysInConsole(text: string): readonly string[] {
  // The last block: a machine that was rebuilt prints again.
  const start = text.lastIndexOf('-----BEGIN SSH HOST KEY KEYS-----');
  const end = text.indexOf('-----END SSH HOST KEY KEYS-----', start);
  if (start < 0 || end < 0) return [];
  return text
    .slice(start, end)
    .split(/\r?\n/u)
    .flatMap((line) => TYPES.exec(line.trim())?.[0] ?? []);
}

/**
 * Writes a known_hosts file for one host.
 *
 * @param keys as `keysInConsole` gives; empty: an empty file, into which a new key is recorded
 * @returns its path
 */
export async function ownKnownHosts(
  scratch: string,
  id: string,
  address: string,
  port: number,
  keys: readonly string[],
): Promise<string> {
  const folder = join(scratch, 'known-hosts');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, id.replaceAll(/[^\w.-]/gu, '_'));
  const name = hostKeyName(address, port);
  await writeFile(file, keys.map((key) => `${name} ${key}\n`).join(''), { mode: 0o600 });
  return file;
}
