/** The controller's side of one supervised program: attach, follow, take up again, end. */
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError } from '../../plan/errors.ts';
import { readEnd, readNotStarted, readGone, type End } from './end.ts';
import { BrokenFrames, frames, type Frame } from './frames.ts';
import { isPassing, type Host, type HostLine } from './host.ts';
import { timeLimit } from '../../plan/limit.ts';

/** One program on one host, all arguments resolved. */
export interface Job {
  /** Absolute path of its spool there; names it. */
  readonly folder: string;
  /** Names this start: a daemon of an earlier one is ended, never taken for ours. */
  readonly nonce: string;
  readonly spec: {
    readonly argv: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    /** Absolute path of the working directory there. */
    readonly scratch: string;
    /** Seconds. */
    readonly limit: number;
    /** Seconds without contact after which the program is ended there. */
    readonly lease: number;
    /** Bytes a stream; more ends the program. */
    readonly most: number;
  };
}

type Sink = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => Promise<void>;

/** Seconds that a stopped program's end is waited for, and that a silent daemon is past its limit. */
const PATIENCE = 25;
/** Connections over which a program did not come to its start before that is its end. */
const FRUITLESS = 5;

interface Progress {
  stdout: number;
  stderr: number;
  started: boolean;
  fruitless: number;
  /** When the node last could hear us, ms. */
  contact: number;
}

/** Runs a job to its end, over as many connections as it takes. Rejects only when `sink` does. */
export async function supervised(
  host: Host,
  job: Job,
  sink: Sink,
  signal: AbortSignal,
): Promise<End> {
  if (signal.aborted) return { ended: 'stopped' };
  const progress: Progress = {
    stdout: 0,
    stderr: 0,
    started: false,
    fruitless: 0,
    contact: performance.now(),
  };
  // Whatever the host does, this ends.
  const limit = timeLimit(job.spec.limit + job.spec.lease + PATIENCE);
  const stopped = new AbortController();
  let patience: NodeJS.Timeout | undefined;
  const onStop = () => {
    patience = setTimeout(() => stopped.abort(), PATIENCE * 1000);
  };
  signal.addEventListener('abort', onStop, { once: true });
  const last = AbortSignal.any([limit, stopped.signal]);
  try {
    for (;;) {
      const left = job.spec.lease - (performance.now() - progress.contact) / 1000;
      const ends = timeLimit(Math.max(0, left), last);
      try {
        const line = await host.line(progress.started ? ends : AbortSignal.any([ends, signal]));
        // The lease is no reason to leave a connection that stands: only the last limits are.
        const end = await follow(line, job, progress, sink, signal, last);
        progress.contact = performance.now();
        if (end !== undefined) return end;
        if (!progress.started) progress.fruitless += 1;
      } catch (error) {
        const end = endOf(error, progress, ends.aborted || signal.aborted);
        if (end !== undefined) return end;
      }
      // Nothing was started yet: whether it ever is no longer matters.
      if (stopped.signal.aborted || host.over.aborted || (signal.aborted && !progress.started)) {
        return { ended: 'stopped' };
      }
      if (ends.aborted || progress.fruitless >= FRUITLESS) {
        const seconds = Math.round((performance.now() - progress.contact) / 1000);
        const reason =
          progress.fruitless >= FRUITLESS
            ? 'the node ended every connection before the program was started'
            : `no contact with the node for ${seconds} s`;
        const ended = progress.started ? 'lost' : 'not-started';
        return { ended, code: 'SSH_LOST', reason };
      }
      await pause(100);
    }
  } finally {
    signal.removeEventListener('abort', onStop);
    clearTimeout(patience);
  }
}

/** What an error says about the program's end; undefined: it is worth another try. Throws what is a bug. */
function endOf(error: unknown, progress: Progress, expected: boolean): End | undefined {
  if (error instanceof SinkFailure) throw error.cause;
  if (error instanceof BrokenFrames) {
    return { ended: 'lost', code: 'OUTPUT_UNREADABLE', reason: error.message };
  }
  if (expected || isPassing(error)) return undefined;
  if (!(error instanceof HarnessError)) throw error;
  const ended = progress.started ? 'lost' : 'not-started';
  return { ended, code: error.code, reason: error.message };
}

/** Follows one connection to the program's end; undefined: the connection broke before. */
async function follow(
  line: HostLine,
  job: Job,
  progress: Progress,
  sink: Sink,
  signal: AbortSignal,
  last: AbortSignal,
): Promise<End | undefined> {
  const { folder, nonce } = job;
  const spec = progress.started ? null : job.spec;
  const offsets = [progress.stdout, progress.stderr];
  line.write(`${JSON.stringify({ folder, nonce, offsets, spec })}\n`);
  const stop = () => line.write('k');
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const close = () => line.end();
  last.addEventListener('abort', close, { once: true });
  const contact = setInterval(() => line.write('c'), contactEvery(job.spec.lease));
  try {
    for await (const frame of frames(line.bytes)) {
      const end = await take(frame, progress, sink);
      if (end === undefined) continue;
      line.write('a');
      return end;
    }
  } finally {
    clearInterval(contact);
    signal.removeEventListener('abort', stop);
    last.removeEventListener('abort', close);
    line.end();
  }
  const failed = await line.failed();
  if (failed === undefined) return undefined;
  const reason = `the supervisor did not run: ${failed}`;
  return { ended: progress.started ? 'lost' : 'not-started', code: 'NO_PYTHON', reason };
}

class SinkFailure extends Error {}

async function take(frame: Frame, progress: Progress, sink: Sink): Promise<End | undefined> {
  switch (frame.kind) {
    case 'S':
      progress.started = true;
      return undefined;
    case 'O':
    case 'E': {
      const stream = frame.kind === 'O' ? 'stdout' : 'stderr';
      try {
        await sink(stream, frame.bytes);
      } catch (error) {
        throw new SinkFailure('the sink failed', { cause: error });
      }
      progress[stream] += frame.bytes.length;
      return undefined;
    }
    case 'X':
      return readEnd(frame.bytes);
    case 'N':
      return readNotStarted(frame.bytes);
    case 'G':
      return readGone(frame.bytes, progress.started);
  }
}

function contactEvery(lease: number): number {
  return Math.min(30, Math.max(0.25, lease / 4)) * 1000;
}
