/** One host of a fleet over the length of a run: its connection, made again when it breaks, and its store. */
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError } from '../../plan/errors.ts';
import type { Ground } from './bootstrap.ts';
import type { Shell } from './shell.ts';
import { bring, storedPath } from './store.ts';

/** What the fleet and the supervisor's client need of a host. */
export interface Host {
  /** Node id. */
  readonly id: string;
  readonly ground: Ground;
  /**
   * The connection, made again with growing pauses until the signal.
   * @throws {HarnessError} SSH_AUTH, SSH_HOST_KEY_*: trying again would not help; the signal's reason
   */
  connected(signal: AbortSignal): Promise<Shell>;
  /**
   * Brings a file here, once whatever the number of callers.
   * @returns its absolute path on the host
   */
  put(sha256: string, file: string, signal: AbortSignal): Promise<string>;
  /** Whether anything was put or run here. */
  used(): boolean;
  close(): Promise<void>;
}

/** Files under way or there, by store and hash: hosts that share a machine share them. */
export type Puts = Map<string, Promise<void>>;

/** Seconds that one file may take to arrive. */
const PUT_LIMIT = 600;
const LONGEST_PAUSE = 10_000;

/**
 * @param first the open connection that `ground` was read over
 * @param reopen makes another
 * @param told hears of a broken connection, and of one made again
 */
export function createHost(
  id: string,
  ground: Ground,
  first: Shell,
  reopen: (signal: AbortSignal) => Promise<Shell>,
  puts: Puts,
  told: (kind: 'lost' | 'back', detail: string) => void,
): Host {
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  let shell = first;
  let used = false;
  let opening: Promise<Shell> | undefined;
  const watch = (one: Shell) => {
    one.closed.addEventListener(
      'abort',
      () => {
        if (!over.signal.aborted) told('lost', 'the connection broke');
      },
      { once: true },
    );
  };
  watch(first);

  const again = async () => {
    shell = await reopen(over.signal);
    watch(shell);
    told('back', 'connected again');
    return shell;
  };
  const attempt = () => {
    opening ??= again().finally(() => {
      opening = undefined;
    });
    return opening;
  };

  const connected = async (signal: AbortSignal): Promise<Shell> => {
    const ends = AbortSignal.any([signal, over.signal]);
    for (let wait = 250; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
      ends.throwIfAborted();
      if (!shell.closed.aborted) return shell;
      try {
        return await until(attempt(), ends);
      } catch (error) {
        ends.throwIfAborted();
        if (!isPassing(error)) throw error;
      }
      await pause(wait, undefined, { signal: ends });
    }
  };

  return {
    id,
    ground,
    connected,
    used: () => used,
    async put(sha256, file, signal) {
      used = true;
      const key = `${ground.store} ${sha256}`;
      const others = puts.get(key);
      // What failed over another host's connection may well work over this one.
      const there = others === undefined ? false : await until(others.then(yes, no), signal);
      if (!there) {
        const ours = connected(signal).then((open) =>
          bring(open, ground.cache, sha256, file, PUT_LIMIT, over.signal),
        );
        puts.set(key, ours);
        ours.catch(() => puts.delete(key));
        await until(ours, signal);
      }
      return storedPath(ground.cache, sha256);
    },
    async close() {
      over.abort(new Error('released'));
      await shell.close();
    },
  };
}

const yes = () => true;
const no = () => false;

/** Whether trying again may help. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof HarnessError && (error.code === 'SSH_UNREACHABLE' || error.code === 'SSH_LOST')
  );
}

/** The promise, or the signal's reason when that comes first. */
export async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let cancel: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    cancel = () => reject(signal.reason as Error);
    signal.addEventListener('abort', cancel, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (cancel) signal.removeEventListener('abort', cancel);
  }
}
