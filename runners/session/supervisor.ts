/** The node-side supervisor: its parts joined to one file that needs nothing beside it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** In order: each uses those before it. */
const PARTS = ['processes', 'program', 'daemon', 'relay'] as const;

let known: Promise<readonly [sha256: string, bytes: Buffer]> | undefined;

/** SHA-256 and bytes of the program that nodes run. */
export function supervisor(): Promise<readonly [sha256: string, bytes: Buffer]> {
  known ??= (async () => {
    const parts = await Promise.all(
      PARTS.map((part) =>
        readFile(new URL(`payload/supervise/${part}.py`, import.meta.url), 'utf8'),
      ),
    );
    const between = new RegExp(`^from (?:${PARTS.join('|')}) import .*\\n`, 'gmu');
    const bytes = Buffer.from(parts.map((part) => part.replaceAll(between, '')).join('\n\n'));
    return [createHash('sha256').update(bytes).digest('hex'), bytes] as const;
  })();
  return known;
}
