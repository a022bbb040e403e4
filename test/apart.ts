/** Test files in processes of their own: three at once, as long as none needs the machine for itself. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import pLimit from 'p-limit';

/** How a file ended. */
export interface FileResult {
  readonly counts: { passed: number; failed: number; skipped: number };
  readonly milliseconds: number;
}

/** Files at once: they wait for most of their time. */
const LANES = 3;
/** These measure the speed of the machine: nothing runs beside them. */
const ALONE = /slowed|challenge/u;
/** These wait for daemons that have limits of their own, one file after the other: only what asks for little runs beside. */
const WAITING = /slurm/u;
const LIGHT =
  /faults-(?:usage|words|disk)|(?:aws|ssh)-contract|history|planted|campaign-kill|browser\/(?:viewer|compare)/u;
const LAST = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/mu;

/**
 * Runs each file by `runner FILE --here`.
 *
 * @param runner path of test/run.ts
 * @param ended told as each file ends; one that failed has had a second try by then, and was said to
 */
export async function runApart(
  files: readonly string[],
  runner: string,
  ended: (path: string, result: FileResult) => void,
): Promise<void> {
  const kinds = [ALONE, WAITING, LIGHT];
  const of = (kind: RegExp) => files.filter((path) => kind.test(path));
  const others = files.filter((path) => !kinds.some((kind) => kind.test(path)));
  const lanes = pLimit(LANES);
  const one = async (path: string) => ended(path, await twice(path, runner));
  const inTurn = async (paths: readonly string[]) => {
    for (const path of paths) await one(path);
  };
  await Promise.all(others.map((path) => lanes(() => one(path))));
  await inTurn(of(ALONE));
  await Promise.all([inTurn(of(WAITING)), inTurn(of(LIGHT))]);
}

/** Real hosts on a machine that others keep busy: a file that fails gets a second try. A second failure stands. */
async function twice(path: string, runner: string): Promise<FileResult> {
  const started = performance.now();
  let counts = await once(path, runner);
  if (counts.failed > 0) {
    console.log(`AGAIN ${path}: ${counts.failed} failed at the first try`);
    counts = await once(path, runner);
  }
  return { counts, milliseconds: performance.now() - started };
}

async function once(path: string, runner: string): Promise<FileResult['counts']> {
  const child = spawn(process.execPath, [...process.execArgv, runner, path, '--here'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  // Indented, so that its closing line is not taken for ours.
  process.stdout.write(`${out}${complaint}`.trimEnd().replaceAll(/^/gmu, '  ').concat('\n'));
  const [, passed, failed, skipped] = LAST.exec(out) ?? [];
  if (passed === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped ?? 0) };
}
