/** The two sides of a load: the server on one core, whoever loads it on another. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { runLoad, type Loaded } from '../../test/load-generator.ts';
import { startReference, type Sent } from '../../test/reference-llm.ts';

export const SERVER_CORE = '0';
export const CLIENT_CORE = '1';

/** Nice of this session, where the kernel weighs sessions against each other first. */
const SESSION = '/proc/self/autogroup';
const AHEAD = `echo -19 2>/dev/null >${SESSION}; exec nice -n -19 taskset -c "$0" "$@"`;

/**
 * What pins a program to a core, ahead of whatever else this machine does (where we may). By weight, not in real time:
 * there the threads of one program would wait for each other's whole turns of 100 ms.
 */
export function pinned(core: string): readonly string[] {
  const may = spawnSync('nice', ['-n', '-19', 'true'], { encoding: 'utf8' });
  if (may.status !== 0 || may.stderr !== '') return ['taskset', '-c', core];
  restoreSession();
  return ['sh', '-c', AHEAD, core];
}

/** Processes of the load generator. */
export function generators(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/u.test(name)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return words[1]?.includes('suites/inference/load/main') === true ? [Number(name)] : [];
    } catch {
      // It has ended.
      return [];
    }
  });
}

/**
 * Puts the load generators that a command starts ahead of other sessions, each in one of its own, until it is called
 * off: what `pinned` does for the programs that a bench starts itself.
 */
export function generatorsAhead(): () => void {
  const look = setInterval(() => {
    for (const pid of generators()) {
      try {
        writeFileSync(`/proc/${pid}/autogroup`, '-19');
      } catch {
        // It has ended, or the kernel knows no sessions.
      }
    }
  }, 100);
  return () => clearInterval(look);
}

let restoring = false;

/** The session may be somebody's shell: it gets its own weight back. */
function restoreSession(): void {
  if (restoring || !existsSync(SESSION)) return;
  restoring = true;
  const nice = /nice (-?\d+)/u.exec(readFileSync(SESSION, 'utf8'))?.[1] ?? '0';
  atEnd(() => writeFileSync(SESSION, nice));
}

const ends: (() => void)[] = [];

/** Acts when the bench ends, by a signal too. @returns takes it back */
export function atEnd(act: () => void): () => void {
  if (ends.length === 0) {
    process.once('exit', () => ends.forEach((end) => end()));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => process.exit(130));
    }
  }
  ends.push(act);
  return () => void ends.splice(ends.indexOf(act), 1, () => undefined);
}

/** Tokens of an answer, and chunks: one each. */
export const CHUNKS = 32;

/** One window of ours, with what the server sent. */
export async function measured(
  serving: object,
  server: object = {},
): Promise<{ readonly loaded: Loaded; readonly sent: ReadonlyMap<string, Sent> }> {
  const reference = await startReference(server, pinned(SERVER_CORE));
  const loaded = await runLoad(
    { url: reference.url, input: 32, output: CHUNKS, threads: 1, ...serving },
    { prefix: pinned(CLIENT_CORE) },
  );
  return { loaded, sent: await reference.stop() };
}

/** How a run of ours ended, in words. */
export function ending({ outcome }: Loaded): string {
  return outcome.status === 'failed' ? `${outcome.code}: ${outcome.message}` : outcome.status;
}

/** Linear interpolation (type 7), written apart from the code that is checked by it. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return low + (high - low) * (at % 1);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
