/**
 * Runs the test files whose path contains one of the given words, or is one (all without): the fast ones in
 * a few batches, then each end-to-end and browser file, in processes of their own (`--here`, and where the
 * fast ones are few: in this one). `--unit` leaves the slow ones out, `--checks` puts the repository's own
 * checks beside the fast ones. Closes two gaps of uvu: a suite that is never run fails here, and a hanging
 * test ends (ASSAY_TEST_LIMIT_S seconds a file, default 900).
 * Last line: `N passed, N failed[, N skipped]`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureJax } from '../bin/setup.mjs';
import { type Result, runApart, runFast } from './apart.ts';

type Queued = () => Promise<readonly [errors: string | true, number, number, number]>;
interface Uvu {
  UVU_DEFER: number;
  UVU_QUEUE: [[null, ...Queued[]]];
  UVU_INDEX: number;
}
const uvu = globalThis as unknown as Uvu;
// uvu reads this when it is first imported: suites queue up instead of running at once.
uvu.UVU_DEFER = 1;
await import('uvu');

const root = fileURLToPath(new URL('.', import.meta.url));
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const unitOnly = process.argv.includes('--unit');
/** Run payloads of JAX. */
const NEEDS_JAX = /payloads-jax|azure-gcp-oci/u;
const slow = (path: string) => /^(?:end-to-end|browser)\//u.test(path);

/** A whole path means that file alone. */
const chosen = (path: string, word: string) =>
  word.endsWith('.test.ts') && word.includes('/') ? path === word : path.includes(word);

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts'))
  .filter((path) => !(unitOnly && slow(path)))
  .filter((path) => words.length === 0 || words.some((word) => chosen(path, word)))
  .sort((a, b) => Number(slow(a)) - Number(slow(b)) || (a < b ? -1 : 1));

const limit = Number(process.env['ASSAY_TEST_LIMIT_S'] ?? 900) * 1000;
let current = '';
let watchdog: NodeJS.Timeout | undefined;
const failedFiles: string[] = [];
const totals = { passed: 0, failed: 0, skipped: 0 };
const report = () => {
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
};

/** As many fast files as are not worth processes of their own. */
const FEW = 20;
const apart = !process.argv.includes('--here');
const fast = files.filter((path) => !slow(path));
const here = apart ? (fast.length > FEW ? [] : fast) : files;
const checks = process.argv.includes('--checks') ? ['lint', 'types', 'unused'] : [];
const self = fileURLToPath(import.meta.url);
const ended = (name: string, { counts, milliseconds }: Result) => count(name, counts, milliseconds);
for (const path of here) {
  current = path;
  watchdog = setTimeout(() => {
    console.error(`${current}: still running after ${limit / 1000} s`);
    totals.failed += 1;
    report();
    process.exit(1);
  }, limit);
  const started = performance.now();
  uvu.UVU_QUEUE = [[null]];
  uvu.UVU_INDEX = 0;
  let counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    await import(pathToFileURL(join(root, path)).href);
    if (uvu.UVU_QUEUE[0]?.length === 1) throw new Error('no suite was run: .run() is missing');
    counts = await execute();
  } catch (error) {
    console.error(error);
    counts.failed += 1;
  }
  clearTimeout(watchdog);
  count(path, counts, performance.now() - started);
}
if (apart) {
  // Installed while the fast ones run. A test of a JAX payload fails without it: nothing is skipped.
  const jax = files.some((path) => NEEDS_JAX.test(path)) ? ensureJax() : undefined;
  await runFast(here.length > 0 ? [] : fast, checks, self, ended);
  if (jax !== undefined) {
    process.env['ASSAY_JAX_PYTHON'] = jax.python;
    if (!(await jax.ready)) console.error('JAX could not be installed: its tests will fail');
  }
  await runApart(files.filter(slow), self, ended);
}

function count(path: string, counts: typeof totals, milliseconds: number): void {
  totals.passed += counts.passed;
  totals.failed += counts.failed;
  totals.skipped += counts.skipped;
  if (counts.failed > 0) failedFiles.push(path);
  const seconds = (milliseconds / 1000).toFixed(1);
  console.log(`${counts.failed > 0 ? 'FAIL' : 'ok  '} ${path} (${counts.passed}, ${seconds} s)`);
}

/** Runs what the file queued; each queued suite gives [errors or true, passed, skipped, total]. */
async function execute() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const [, ...queued] = uvu.UVU_QUEUE[0];
  for (const run of queued) {
    const [errors, passed, skipped, total] = await run();
    if (errors !== true) process.stdout.write(`\n${errors}\n`);
    counts.passed += passed;
    counts.skipped += skipped;
    counts.failed += total - passed;
  }
  return counts;
}

if (failedFiles.length > 0) console.log(`failed: ${failedFiles.join(' ')}`);
report();
process.exit(totals.failed > 0 || totals.passed === 0 ? 1 : 0);
