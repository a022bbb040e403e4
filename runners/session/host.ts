/** One host of a fleet over the length of a run: its connection, made again when it breaks, and its store. */
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError } from '../../plan/errors.ts';
import type { Ground } from './bootstrap.ts';
import { relayOver, type Line, type Relay } from './relay.ts';
import type { Shell } from './shell.ts';
import { bring, storedPath } from './store.ts';
import { supervisor } from './supervisor.ts';

/** What the fleet and the supervisor's client need of a host. */
export interface Host {
  /** Node id. */
  readonly id: string;
  readonly ground: Ground;
  /** This run's folder for this node there. */
  readonly folder: string;
  /**
   * The connection, made again with growing pauses until the signal.
   * @throws {HarnessError} SSH_AUTH, SSH_HOST_KEY_*: trying again would not help; the signal's reason
   */
  connected(signal: AbortSignal): Promise<Shell>;
  /**
   * Brings a file here, once whatever the number of callers.
   * @param source path on the controller, or the bytes themselves
   * @param reach how long a connection is waited for, where that is less
   * @returns its absolute path on the host
   */
  put(
    sha256: string,
    source: string | Uint8Array,
    signal: AbortSignal,
    reach?: AbortSignal,
  ): Promise<string>;
  /**
   * A line to a program's daemon over the host's relay, which is started when there is none.
   * @throws {HarnessError} SSH_*, DISK_FULL: the relay could not be brought or started
   */
  line(signal: AbortSignal): Promise<HostLine>;
  /** Aborted by `close`. */
  readonly over: AbortSignal;
  /** Whether anything was put or run here. */
  used(): boolean;
  close(): Promise<void>;
}

/** A line, and why its relay never spoke where it did not. */
export interface HostLine extends Line {
  failed(): Promise<string | undefined>;
}

/** Files under way or there, by store and hash: hosts that share a machine share them. */
export type Puts = Map<string, Promise<void>>;

/** Seconds that one file may take to arrive. */
export const PUT_LIMIT = 600;
const LONGEST_PAUSE = 10_000;

/**
 * @param first the open connection that `ground` was read over
 * @param reopen makes another
 * @param told hears of a broken connection, and of one made again
 */
export function createHost(
  id: string,
  ground: Ground,
  folder: string,
  first: Shell,
  reopen: (signal: AbortSignal) => Promise<Shell>,
  puts: Puts,
  told: (kind: 'lost' | 'back', detail: string) => void,
): Host {
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  let shell = first;
  let used = false;
  let leftovers = ground.left;
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

  const put = async (
    sha256: string,
    source: string | Uint8Array,
    signal: AbortSignal,
    reach: AbortSignal = signal,
  ): Promise<string> => {
    used = true;
    const key = `${ground.store} ${sha256}`;
    // What failed over another host's connection may well work over this one.
    const arrived = async (under: Promise<void> | undefined) =>
      under !== undefined && (await until(under.then(yes, no), signal));
    let there = await arrived(puts.get(key));
    if (!there || ground.shared === true) {
      // Connected before others wait for it: a host that is away holds up none that share its store.
      const open = await until(connected(reach), signal);
      const under = puts.get(key);
      // Nothing is waited for between this look and our own entry: of many at once, one brings it.
      if (under !== undefined) there = await arrived(under);
      if (!there || ground.shared === true) {
        const ours = bring(open, ground.files, sha256, source, PUT_LIMIT, over.signal);
        if (!there) {
          puts.set(key, ours);
          ours.catch(() => puts.delete(key));
        }
        await until(ours, signal);
      }
    }
    return storedPath(ground.files, sha256);
  };

  let relay: { readonly starting: Promise<Relay>; over: boolean } | undefined;
  const startRelay = async (): Promise<Relay> => {
    if (ground.supervisor === undefined) throw new TypeError(`${id} has no Python for a relay`);
    const file = await put(...(await supervisor()), over.signal);
    const open = await connected(over.signal);
    const made = relayOver(await open.exec([ground.supervisor, '-I', '-S', file], over.signal));
    // Before anything is measured here, what an earlier controller left must be gone.
    if (leftovers) await clear(made.open(), folder, over.signal);
    leftovers = false;
    return made;
  };
  const relayed = (): Promise<Relay> => {
    if (relay === undefined || relay.over) {
      const one = { starting: startRelay(), over: false };
      relay = one;
      one.starting
        .then((started) => started.end)
        .catch(() => undefined)
        .finally(() => {
          one.over = true;
        });
    }
    return relay.starting;
  };

  return {
    id,
    ground,
    folder,
    connected,
    put,
    over: over.signal,
    used: () => used,
    async line(signal) {
      const started = await until(relayed(), signal);
      return {
        ...started.open(),
        failed: async () => (started.ended ? (await started.end).failed : undefined),
      };
    },
    async close() {
      over.abort(new Error('released'));
      const last = await relay?.starting.catch(() => undefined);
      last?.close();
      await shell.close();
    },
  };
}

/** Ends every program of a folder and removes it; resolves when that is done. */
export async function clear(line: Line, folder: string, signal: AbortSignal): Promise<void> {
  const close = () => line.end();
  signal.addEventListener('abort', close, { once: true });
  line.write(`${JSON.stringify({ folder, clear: true })}\n`);
  for await (const _ of line.bytes);
  signal.removeEventListener('abort', close);
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
async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Its failure is told here or, when the signal comes first, nowhere.
  promise.catch(() => undefined);
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
