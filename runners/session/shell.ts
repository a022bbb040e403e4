/** One way to run programs on one host: what local, ssh and the system's ssh have in common. */
import type { Readable, Writable } from 'node:stream';
import { HarnessError } from '../../plan/errors.ts';
import { timeLimit } from '../../plan/limit.ts';

/** How a channel ended; all absent: the connection broke before the host told. */
export interface ChannelEnd {
  readonly code?: number;
  readonly signal?: string;
  /** Why nothing is known of the program's end. */
  readonly lost?: string;
}

/** A program under way on a host, its streams unread (back-pressure reaches the host). */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Never rejects. */
  readonly end: Promise<ChannelEnd>;
  /** Closes the channel; what runs there may live on. Twice is safe. */
  close(): void;
}

/** A connection to one host. */
export interface Shell {
  /**
   * Starts a program; its arguments reach it as they are.
   * @throws {HarnessError} SSH_LOST when the connection is gone
   */
  exec(argv: readonly string[], signal?: AbortSignal): Promise<Channel>;
  /** Aborted when the connection is gone, whoever closed it. */
  readonly closed: AbortSignal;
  /** Twice is safe. */
  close(): Promise<void>;
}

/** A short program's end and output, both bounded. */
export interface Collected {
  /** Absent: ended by a signal. */
  readonly code?: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * Runs a short program to its end.
 *
 * @param options.limit seconds
 * @param options.most bytes of stdout kept; more is an error (default 1 MiB)
 * @param options.stdin written to it, then its input is closed
 * @throws {HarnessError} SSH_LOST when the connection broke or the limit passed, OUTPUT_UNREADABLE past `most`
 */
export async function collect(
  shell: Shell,
  argv: readonly string[],
  options: {
    readonly limit: number;
    readonly most?: number;
    readonly stdin?: Uint8Array | string;
    readonly signal?: AbortSignal;
  },
): Promise<Collected> {
  const limit = timeLimit(options.limit);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  const channel = await shell.exec(argv, signal);
  const stop = () => channel.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    channel.stdin.on('error', () => undefined);
    channel.stdin.end(options.stdin ?? '');
    const most = options.most ?? 2 ** 20;
    const [stdout, stderr, end] = await Promise.all([
      gather(channel.stdout, most),
      gather(channel.stderr, 64 * 1024),
      channel.end,
    ]);
    options.signal?.throwIfAborted();
    if (limit.aborted || end.lost !== undefined) {
      const why = limit.aborted ? `no end after ${options.limit} s` : end.lost;
      throw new HarnessError('SSH_LOST', `${argv[0] ?? ''}: ${why ?? 'the connection broke'}`, {
        hint: 'Look at the host and the network to it; then assay resume.',
      });
    }
    if (stdout.over) {
      channel.close();
      throw new HarnessError('OUTPUT_UNREADABLE', `${argv[0] ?? ''} printed over ${most} bytes`, {
        hint: 'Something on the host prints what was not asked for; look at its login files.',
      });
    }
    return {
      ...(end.code !== undefined && { code: end.code }),
      stdout: stdout.bytes,
      stderr: stderr.bytes,
    };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Reads to the end, keeps the first `most` bytes. */
async function gather(stream: Readable, most: number) {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (size < most) chunks.push(chunk.subarray(0, most - size));
      size += chunk.length;
    }
  } catch {
    // A broken stream is told by Channel.end.
  }
  return { bytes: Buffer.concat(chunks), over: size > most };
}
