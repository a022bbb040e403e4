/** The controller's side of one supervised program: attach, follow, take up again, end. */
import type { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError } from '../../plan/errors.ts';
import type { Exit } from '../model.ts';
import { BrokenFrames, frames, type Frame } from './frames.ts';
import { isPassing, until, type Host } from './host.ts';
import type { Channel } from './shell.ts';

/** How it ended, without the node and the seconds that the caller knows. */
export type End = Exit extends infer E
  ? E extends unknown
    ? Omit<E, 'node' | 'rank' | 'seconds'>
    : never
  : never;

/** One program on one host, all arguments resolved. */
export interface Job {
  /** Command that starts supervise.py with `attach` and its folder. */
  readonly attach: readonly string[];
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

/** Seconds that a stopped program's end is waited for, and that a silent supervisor is past its limit. */
const PATIENCE = 25;

/** Runs a job to its end, over as many connections as it takes. Rejects only when `sink` does. */
export async function supervised(
  host: Host,
  job: Job,
  sink: Sink,
  signal: AbortSignal,
): Promise<End> {
  const progress = { stdout: 0, stderr: 0, started: false, contact: performance.now() };
  // Whatever the host does, this ends.
  const limit = AbortSignal.timeout((job.spec.limit + job.spec.lease + PATIENCE) * 1000);
  const stopped = new AbortController();
  const onStop = () => {
    pause(PATIENCE * 1000, undefined, { ref: false, signal: stopped.signal }).then(
      () => stopped.abort(),
      () => undefined,
    );
  };
  signal.addEventListener('abort', onStop, { once: true });
  if (signal.aborted) return { ended: 'stopped' };
  try {
    for (;;) {
      const left = job.spec.lease * 1000 - (performance.now() - progress.contact);
      const lease = AbortSignal.timeout(Math.max(0, Math.round(left)));
      const ends = AbortSignal.any([lease, limit, stopped.signal]);
      try {
        const shell = await host.connected(ends);
        const channel = await until(shell.exec(job.attach, ends), ends);
        // The lease is no reason to leave a connection that stands: only the last limits are.
        const last = AbortSignal.any([limit, stopped.signal]);
        const end = await follow(channel, job, progress, sink, signal, last);
        progress.contact = performance.now();
        if (end !== undefined) return end;
      } catch (error) {
        if (error instanceof BrokenFrames) {
          return { ended: 'lost', code: 'OUTPUT_UNREADABLE', reason: error.message };
        }
        if (!ends.aborted && !isPassing(error)) {
          if (!(error instanceof HarnessError)) throw error;
          const ended = progress.started ? 'lost' : 'not-started';
          return { ended, code: error.code, reason: error.message };
        }
      }
      // Nothing was started yet: whether it ever is no longer matters.
      if (stopped.signal.aborted || (signal.aborted && !progress.started)) {
        return { ended: 'stopped' };
      }
      if (lease.aborted || limit.aborted) {
        const seconds = Math.round((performance.now() - progress.contact) / 1000);
        const reason = `no contact with the node for ${seconds} s`;
        const ended = progress.started ? 'lost' : 'not-started';
        return { ended, code: 'SSH_LOST', reason };
      }
      await pause(100);
    }
  } finally {
    signal.removeEventListener('abort', onStop);
    stopped.abort();
  }
}

type Progress = { stdout: number; stderr: number; started: boolean; contact: number };

/** Follows one connection to the program's end; undefined: the connection broke before. */
async function follow(
  channel: Channel,
  job: Job,
  progress: Progress,
  sink: Sink,
  signal: AbortSignal,
  ends: AbortSignal,
): Promise<End | undefined> {
  const { stdin } = channel;
  stdin.on('error', () => undefined);
  let complaint = '';
  channel.stderr.on('data', (bytes: Buffer) => {
    complaint = (complaint + bytes.toString('utf8')).slice(-2000);
  });
  const spec = progress.started ? null : job.spec;
  const offsets = [progress.stdout, progress.stderr];
  stdin.write(`${JSON.stringify({ nonce: job.nonce, offsets, spec })}\n`);
  const stop = () => stdin.write('k');
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const close = () => channel.close();
  const contact = setInterval(() => keepContact(stdin), contactEvery(job.spec.lease));
  ends.addEventListener('abort', close, { once: true });
  let framesSeen = 0;
  try {
    const bytes = channel.stdout.iterator({ destroyOnReturn: false });
    for await (const frame of frames(bytes as AsyncIterable<Buffer>)) {
      framesSeen += 1;
      const end = await take(frame, progress, sink);
      if (end === undefined) continue;
      stdin.end('a');
      return end;
    }
  } catch (error) {
    // What breaks a stream is a broken connection, unless it is the frames or the sink.
    if (error instanceof BrokenFrames || error instanceof SinkFailure) throw unwrap(error);
  } finally {
    clearInterval(contact);
    signal.removeEventListener('abort', stop);
    ends.removeEventListener('abort', close);
    // A channel ends when it is read to its end.
    channel.stdout.resume();
  }
  const left = await channel.end;
  if (framesSeen === 0 && left.code !== undefined && left.code !== 0) {
    const reason = `the supervisor did not run (exit ${left.code}): ${complaint.trim()}`;
    return { ended: 'not-started', code: 'NO_PYTHON', reason };
  }
  return undefined;
}

class SinkFailure extends Error {}

function unwrap(error: Error): Error {
  return error instanceof SinkFailure ? (error.cause as Error) : error;
}

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
        throw new SinkFailure('sink', { cause: error });
      }
      progress[stream] += frame.bytes.length;
      return undefined;
    }
    case 'X':
      return readEnd(frame.bytes);
    case 'N': {
      const { code, reason } = fields(frame.bytes);
      return { ended: 'not-started', code: word(code), reason: text(reason) };
    }
    case 'G': {
      const reason = `the node's supervisor is gone: ${text(fields(frame.bytes)['reason'])}`;
      return { ended: progress.started ? 'lost' : 'not-started', code: 'SSH_LOST', reason };
    }
  }
}

function readEnd(bytes: Buffer): End {
  const said = fields(bytes);
  const pids = said['survivors'];
  const survivors = Array.isArray(pids) ? pids.filter((pid) => Number.isInteger(pid)) : [];
  const rest = survivors.length > 0 ? { survivors: survivors as number[] } : {};
  switch (said['ended']) {
    case 'exited':
      return { ended: 'exited', code: Number(said['code']), ...rest };
    case 'signalled':
      return { ended: 'signalled', signal: text(said['signal']), ...rest };
    case 'stopped':
    case 'timed-out':
    case 'over-limit':
      return { ended: said['ended'], ...rest };
    case 'lost':
    case 'not-started':
      return {
        ended: said['ended'],
        code: word(said['code']),
        reason: text(said['reason']),
        ...rest,
      };
    default:
      throw new BrokenFrames('an exit that says nothing');
  }
}

function fields(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new BrokenFrames('a frame that is not JSON');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 2000) : '';
}

function word(value: unknown): string {
  return typeof value === 'string' && /^[A-Z][A-Z0-9_]{0,39}$/u.test(value) ? value : 'NOT_STARTED';
}

function contactEvery(lease: number): number {
  return Math.min(30, Math.max(0.25, lease / 4)) * 1000;
}

function keepContact(stdin: Writable): void {
  // A full pipe means that the host does not read: more bytes would only pile up here.
  if (stdin.writable && !stdin.writableNeedDrain) stdin.write('c');
}
