import { existsSync, readFileSync } from 'node:fs';

/** Version of the package. */
export function version(): string {
  // From dist/bin as from bin: the first package.json upwards is ours.
  for (const up of ['../package.json', '../../package.json']) {
    const url = new URL(up, import.meta.url);
    if (existsSync(url)) {
      return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
    }
  }
  return 'unknown';
}
