/** `npm run bench -- NAME [--json]`: one bench by name; without a name, the list. */
import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { Bench } from './bench.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length));
const words = process.argv.slice(2);
const json = words.includes('--json');
const name = words.find((word) => !word.startsWith('--'));

if (name === undefined || !names.includes(name)) {
  console.log(`benches: ${names.join(', ')}`);
  process.exit(name === undefined ? 0 : 2);
}
const { bench } = (await import(pathToFileURL(join(folder, `${name}.bench.ts`)).href)) as {
  bench: Bench;
};
const rows = await bench(words.filter((word) => word !== name && word !== '--json'));
if (json) {
  console.log(JSON.stringify({ bench: name, date: new Date().toISOString().slice(0, 10), rows }));
} else {
  console.table(
    rows.map((row) => ({
      figure: row.figure,
      measured: row.measured,
      peer: row.peer ?? '',
      target: row.target ?? '',
      met: row.met === undefined ? '' : row.met ? 'yes' : 'NO',
    })),
  );
}
process.exit(rows.some((row) => row.met === false) ? 1 : 0);
