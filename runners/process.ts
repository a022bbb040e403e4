/** Programs on this machine: argv without a shell, time limit, bounded output, abort. The only importer of execa. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import { systemCode } from '../plan/errors.ts';

/** How a program on this machine ended: data, not an exception. */
type Ended =
  | { readonly ended: 'exited'; readonly code: number }
  | { readonly ended: 'signalled'; readonly signal: string }
  /** timed-out: past `limit`. aborted: by `signal`. over-limit: printed more than `most`. */
  | { readonly ended: 'timed-out' | 'aborted' | 'over-limit' }
  /** code: ENOENT, EACCES, E2BIG … */
  | { readonly ended: 'not-started'; readonly code: string };

/** What every program gets; nothing is inherited that is not asked for. */
export interface ProcessOptions {
  /** Added to this process's environment unless `environmentOnly`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `environment` is all that the program sees. */
  readonly environmentOnly?: boolean;
  /** Working directory; absent: ours. */
  readonly directory?: string;
  readonly signal?: AbortSignal;
}

/** A program that ended, with what it printed (at most `most` bytes a stream). */
export type Ran = Ended & { readonly stdout: Buffer; readonly stderr: Buffer };

const MEBIBYTE = 2 ** 20;

/**
 * Runs a program to its end.
 *
 * @param argv program and arguments; no shell sees them
 * @param options.limit seconds; killed past it
 * @param options.most bytes kept a stream; killed past it (default 16 MiB)
 * @param options.input bytes for its standard input; absent: none
 */
export async function run(
  argv: readonly [string, ...string[]],
  options: ProcessOptions & {
    readonly limit: number;
    readonly most?: number;
    readonly input?: string | Uint8Array;
  },
): Promise<Ran> {
  const [program, ...rest] = argv;
  const result = await execa(program, rest, {
    ...settings(options),
    encoding: 'buffer',
    timeout: options.limit * 1000,
    maxBuffer: options.most ?? 16 * MEBIBYTE,
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  return {
    ...toEnded(result),
    stdout: Buffer.from(result.stdout ?? []),
    stderr: Buffer.from(result.stderr ?? []),
  };
}

/** A program under way, its streams unread. */
export interface Running {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended and its streams are closed; never rejects. */
  readonly end: Promise<Ended>;
}

/**
 * Starts a program and gives its streams; nothing is buffered beyond the pipes.
 *
 * @param options.limit seconds; killed past it; absent: the caller ends it
 */
export function spawn(
  argv: readonly [string, ...string[]],
  options: ProcessOptions & { readonly limit?: number } = {},
): Running {
  const [program, ...rest] = argv;
  const child = execa(program, rest, {
    ...settings(options),
    buffer: false,
    stdin: 'pipe',
    ...(options.limit !== undefined && { timeout: options.limit * 1000 }),
  });
  // A program that ends without reading its input is no failure of ours.
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    end: child.then(toEnded),
  };
}

function settings(options: ProcessOptions) {
  return {
    reject: false as const,
    cleanup: true,
    forceKillAfterDelay: 1000,
    extendEnv: options.environmentOnly !== true,
    ...(options.environment !== undefined && { env: { ...options.environment } }),
    ...(options.directory !== undefined && { cwd: options.directory }),
    ...(options.signal !== undefined && { cancelSignal: options.signal }),
  };
}

function toEnded(result: {
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isMaxBuffer: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly cause?: unknown;
}): Ended {
  if (result.timedOut) return { ended: 'timed-out' };
  if (result.isCanceled) return { ended: 'aborted' };
  if (result.isMaxBuffer) return { ended: 'over-limit' };
  if (result.exitCode !== undefined) return { ended: 'exited', code: result.exitCode };
  if (result.signal !== undefined) return { ended: 'signalled', signal: result.signal };
  return { ended: 'not-started', code: systemCode(result.cause) ?? 'UNKNOWN' };
}

/**
 * Starts a program that outlives this one; its output goes to a file.
 *
 * @param options.log path, appended to
 */
export async function startDetached(
  argv: readonly [string, ...string[]],
  options: { readonly log: string },
): Promise<void> {
  const [program, ...rest] = argv;
  // The file itself: a pipe of ours would break when we end.
  const log = createWriteStream(options.log, { flags: 'a', mode: 0o600 });
  await once(log, 'open');
  try {
    const child = execa(program, rest, {
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      stdin: 'ignore',
      stdout: log,
      stderr: log,
    });
    child.unref();
  } finally {
    log.close();
  }
}
