/** Where supervise.py lies on the controller, and its hash. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

let known: Promise<readonly [sha256: string, file: string]> | undefined;

/** The node-side supervisor: its SHA-256 and its path here. */
export function supervisorFile(): Promise<readonly [sha256: string, file: string]> {
  known ??= (async () => {
    const file = fileURLToPath(new URL('payload/supervise.py', import.meta.url));
    const sha256 = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    return [sha256, file] as const;
  })();
  return known;
}
