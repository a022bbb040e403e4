/** known_hosts files: which key a host may show. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../plan/errors.ts';

/** One line of a known_hosts file. */
interface KnownKey {
  readonly marker?: 'revoked' | 'cert-authority';
  /** ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa … */
  readonly type: string;
  readonly key: Buffer;
  /** "~/.ssh/known_hosts line 12" without the tilde: where a person finds it. */
  readonly from: string;
}

/** What the files say about one host's name. */
export interface KnownHost {
  readonly keys: readonly KnownKey[];
  readonly authorities: readonly KnownKey[];
  readonly revoked: readonly KnownKey[];
}

/** Parsed files; looked up once a host. */
export interface KnownHosts {
  lookup(name: string): KnownHost;
  /** Records a key: in memory, and appended to the first file. */
  record(name: string, type: string, key: Buffer): Promise<void>;
}

interface Hashed {
  readonly salt: Buffer;
  readonly hash: Buffer;
  readonly known: KnownKey;
}
interface Patterned {
  readonly patterns: readonly { readonly negated: boolean; readonly shape: RegExp }[];
  readonly known: KnownKey;
}

/** The name under which a host's key is filed. */
export function hostKeyName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** Reads the files that exist; a line that is none of known_hosts' forms is passed over, as OpenSSH does. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHosts> {
  const plain = new Map<string, KnownKey[]>();
  const hashed: Hashed[] = [];
  const patterned: Patterned[] = [];
  const add = (name: string, known: KnownKey) => {
    const there = plain.get(name);
    if (there === undefined) plain.set(name, [known]);
    else there.push(known);
  };
  for (const file of files) {
    for (const [index, line] of (await readLines(file)).entries()) {
      const read = parseLine(line, `${file} line ${index + 1}`);
      if (read === undefined) continue;
      const { names, known } = read;
      const secret = /^\|1\|([^|]+)\|([^|]+)$/u.exec(names);
      if (secret !== null) {
        const [, salt = '', hash = ''] = secret;
        hashed.push({
          salt: Buffer.from(salt, 'base64'),
          hash: Buffer.from(hash, 'base64'),
          known,
        });
      } else if (/[*?!]/u.test(names)) {
        patterned.push({ patterns: names.split(',').map(toPattern), known });
      } else for (const name of names.split(',')) add(name.toLowerCase(), known);
    }
  }
  let writing = Promise.resolve();
  return {
    lookup(name) {
      const found = [
        ...(plain.get(name) ?? []),
        ...hashed.filter((one) => isHashOf(one, name)).map((one) => one.known),
        ...patterned.filter((one) => matchesAny(one, name)).map((one) => one.known),
      ];
      return {
        keys: found.filter((one) => one.marker === undefined),
        authorities: found.filter((one) => one.marker === 'cert-authority'),
        revoked: found.filter((one) => one.marker === 'revoked'),
      };
    },
    record(name, type, key) {
      const [file] = files;
      add(name, { type, key, from: `${file ?? 'memory'} (recorded now)` });
      if (file === undefined) return Promise.resolve();
      const line = `${name} ${type} ${key.toString('base64')}\n`;
      const before = writing;
      writing = (async () => {
        await before;
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        // A last line without its end would swallow this one.
        const torn = (await readLines(file)).at(-1) ?? '';
        await appendFile(file, torn === '' ? line : `\n${line}`, { mode: 0o600 });
      })();
      return writing;
    },
  };
}

async function readLines(file: string): Promise<readonly string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}

function parseLine(line: string, from: string): { names: string; known: KnownKey } | undefined {
  const words = line.trim().split(/\s+/u);
  if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) return undefined;
  const marker = words[0].startsWith('@') ? words.shift()?.slice(1) : undefined;
  if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return undefined;
  const [names, type, text] = words;
  if (names === undefined || type === undefined || text === undefined) return undefined;
  const key = Buffer.from(text, 'base64');
  if (key.length === 0) return undefined;
  return { names, known: { type, key, from, ...(marker !== undefined && { marker }) } };
}

function toPattern(text: string) {
  const negated = text.startsWith('!');
  const source = (negated ? text.slice(1) : text)
    .toLowerCase()
    .replaceAll(/[.+^${}()|[\]\\]/gu, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return { negated, shape: new RegExp(`^${source}$`, 'u') };
}

function matchesAny({ patterns }: Patterned, name: string): boolean {
  if (patterns.some((one) => one.negated && one.shape.test(name))) return false;
  return patterns.some((one) => !one.negated && one.shape.test(name));
}

function isHashOf({ salt, hash }: Hashed, name: string): boolean {
  const ours = createHmac('sha1', salt).update(name).digest();
  return ours.length === hash.length && timingSafeEqual(ours, hash);
}
