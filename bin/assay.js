#!/usr/bin/env node
// The command: no dependency, so that whatever goes wrong in loading or running ends in 70.
// Node.js itself exits 1 on an uncaught error, which here would read "rejected".
import { existsSync } from 'node:fs';

const BUG = 70;
// slurmd drains a node for any exit of its prolog but 0: only a fail may do that.
const hook = process.argv[2] === 'check' && process.argv.includes('--slurm-health');
/** @param {number} code */
const exitFor = (code) => (hook && code !== 1 ? 0 : code);
let status = BUG;
let settled = false;

/** @param {unknown} error */
const broken = (error) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`assay: a bug in the harness, not a verdict:\n${text}\n`);
  status = BUG;
  settled = true;
  process.exit(exitFor(BUG));
};
process.on('uncaughtException', broken);
process.on('unhandledRejection', broken);
// An event loop that empties before the command has ended, or a stray process.exit, is no verdict either.
process.on('exit', () => {
  process.exitCode = exitFor(settled ? status : BUG);
});

const main = new URL('../dist/bin/main.js', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write('assay: not built yet. Run `npm install` in the checkout.\n');
} else {
  const { run } = await import(main.href);
  status = await run(process.argv.slice(2));
  settled = true;
}
