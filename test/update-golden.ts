/**
 * Writes the golden report again: `npm run golden`, then read the difference before committing it.
 * `npm run golden -- pictures` makes the pictures of the report in docs/ again too.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { rendered } from './reports/rendered.ts';
import { RUNS, sampleRun } from './reports/sample-run.ts';

const folder = new URL('golden/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of await rendered('html', sampleRun(RUNS.golden))) {
  writeFileSync(new URL(name, folder), text);
  console.log(`test/golden/${name}: ${text.length} characters`);
}
if (process.argv.includes('pictures')) {
  const { takePictures } = await import('./browser/pictures.ts');
  await takePictures(new URL('../docs/', import.meta.url));
}
