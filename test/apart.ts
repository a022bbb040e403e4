/** Tests in processes of their own: some at once, as long as none needs the machine for itself. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import pLimit from 'p-limit';

/** How a file, a batch of files or a check ended. */
export interface Result {
  readonly counts: { passed: number; failed: number; skipped: number };
  readonly milliseconds: number;
}

type Ended = (name: string, result: Result) => void;

/** Processes at once: end-to-end files wait for most of their time. */
const LANES = 3;
/** Fast files come in so many processes: two at once are busy for most of the time. */
const BATCHES = 4;
/** These measure the speed of the machine: nothing runs beside them. */
const ALONE = /slowed|challenge/u;
/** These wait for daemons that have limits of their own, one file after the other: only what asks for little runs beside. */
const WAITING = /slurm/u;
const LIGHT =
  /faults-(?:usage|words|disk)|(?:aws|ssh)-contract|history|planted|campaign-kill|browser\/(?:viewer|compare)/u;
const LAST = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/mu;

/**
 * Runs each of the repository's own checks, which count as one test where they fail, and fast test files
 * in a few batches by `runner FILES --here`.
 *
 * @param checks names of npm scripts
 * @param ended told as each ends
 */
export async function runFast(
  files: readonly string[],
  checks: readonly string[],
  runner: string,
  ended: Ended,
): Promise<void> {
  const lanes = pLimit(LANES);
  const batches = Array.from({ length: BATCHES }, (_, at) =>
    files.filter((__, index) => index % BATCHES === at),
  ).filter((batch) => batch.length > 0);
  await Promise.all([
    ...batches.map((batch, at) =>
      lanes(() => timed(`${batch.length} files (${at + 1})`, () => once(batch, runner), ended)),
    ),
    ...checks.map((name) => lanes(() => timed(name, () => check(name), ended))),
  ]);
}

/**
 * Runs each file by `runner FILE --here`.
 *
 * @param runner path of test/run.ts
 * @param ended told as each file ends; one that failed has had a second try by then, and was said to
 */
export async function runApart(
  files: readonly string[],
  runner: string,
  ended: Ended,
): Promise<void> {
  const kinds = [ALONE, WAITING, LIGHT];
  const of = (kind: RegExp) => files.filter((path) => kind.test(path));
  const others = files.filter((path) => !kinds.some((kind) => kind.test(path)));
  const lanes = pLimit(LANES);
  const one = (path: string) => timed(path, () => twice(path, runner), ended);
  const inTurn = async (paths: readonly string[]) => {
    for (const path of paths) await one(path);
  };
  await Promise.all(others.map((path) => lanes(() => one(path))));
  await inTurn(of(ALONE));
  await Promise.all([inTurn(of(WAITING)), inTurn(of(LIGHT))]);
}

async function timed(
  name: string,
  run: () => Promise<Result['counts']>,
  ended: Ended,
): Promise<void> {
  const started = performance.now();
  const counts = await run();
  ended(name, { counts, milliseconds: performance.now() - started });
}

/** Real hosts on a machine that others keep busy: a file that fails gets a second try. A second failure stands. */
async function twice(path: string, runner: string): Promise<Result['counts']> {
  const first = await once([path], runner);
  if (first.failed === 0) return first;
  console.log(`AGAIN ${path}: ${first.failed} failed at the first try`);
  return once([path], runner);
}

async function once(paths: readonly string[], runner: string): Promise<Result['counts']> {
  const { out } = await printed(process.execPath, [
    ...process.execArgv,
    runner,
    ...paths,
    '--here',
  ]);
  const [, passed, failed, skipped] = LAST.exec(out) ?? [];
  if (passed === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped ?? 0) };
}

async function check(name: string): Promise<Result['counts']> {
  const { code } = await printed('npm', ['run', '--silent', name]);
  return { passed: 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** What a program printed is shown when it has ended, indented: its closing line is not taken for ours. */
async function printed(program: string, args: readonly string[]) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const shown = `${out}${complaint}`.trimEnd();
  if (shown !== '') process.stdout.write(shown.replaceAll(/^/gmu, '  ').concat('\n'));
  return { out, code: await code };
}
