/** The judge of a large run in a thread of its own: trials on one processor, reading and judging on the other. */
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type Follower, followRun, type FollowSetup } from '../campaign/follower.ts';
import { HarnessError } from '../plan/errors.ts';
import type { ReadOrder, ReadOutcome } from '../campaign/stored.ts';
import type { Finding } from '../verdicts/model.ts';
import type { Answer, Question, Said } from './follow-model.ts';
import { OrderQueue } from './order-queue.ts';

/** Nodes from which on a thread is worth its start. */
const LARGE = 256;
/** MiB of young objects before they are collected: what dies with its attempt is never copied then. */
const YOUNG = 96;
/** Per cent that a heap grows by before it is collected, and the same of a fleet from so many nodes on. */
const GROWTH = { usual: 50, huge: 35, from: 4000 } as const;

/** A follower: here for a small fleet, in a thread for a large one. @throws {HarnessError} as `followRun` */
export async function follow(setup: FollowSetup): Promise<Follower> {
  if (setup.nodes < LARGE) return followRun(setup);
  const { path, plan, nodes } = setup;
  // Most of a huge run is what is known of its nodes: room for half as much again would be most of a machine.
  const growth = nodes < GROWTH.from ? GROWTH.usual : GROWTH.huge;
  setFlagsFromString(`--heap-growing-percent=${growth}`);
  // Both threads have their work: collectors that help would wait for each other on the same processors.
  setFlagsFromString('--no-parallel-scavenge');
  // What the inventory keeps is kept; V8 would take the readings of all later trials for as long-lived.
  setFlagsFromString('--no-allocation-site-pretenuring');
  // Run from source or built, the thread's file is beside this one.
  const file = import.meta.url.replace(/follow(\.[jt]s)$/u, 'follow-thread$1');
  const thread = new Worker(new URL(file), {
    workerData: { path, plan, nodes },
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG },
  });
  const follower = new ThreadFollower(thread, (findings) => setup.failed(findings));
  try {
    await follower.ask('ready');
  } catch (error) {
    await thread.terminate();
    throw error;
  }
  return follower;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

class ThreadFollower implements Follower {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  readonly #reading = new OrderQueue((orders) => this.ask('read', { orders }));
  #broken: { readonly error: unknown } | undefined;
  #closing = false;

  constructor(thread: Worker, failed: (findings: readonly Finding[]) => void) {
    this.#thread = thread;
    thread.on('message', (said: Said) => {
      if ('failed' in said) failed(said.failed);
      else this.#answered(said);
    });
    thread.on('error', (error) => this.#broke(error));
    thread.on('exit', (code) => {
      if (!this.#closing) this.#broke(new Error(`the judge's thread ended by itself (${code})`));
    });
  }

  advance(seq: number): void {
    this.#post({ advance: seq });
  }

  read(order: ReadOrder): Promise<ReadOutcome> {
    return this.#reading.add(order);
  }

  inventoried() {
    return this.ask('inventoried');
  }

  next() {
    return this.ask('next');
  }

  decide(stopped: Parameters<Follower['decide']>[0]) {
    return this.ask('decide', stopped === undefined ? {} : { stopped });
  }

  async write(): Promise<void> {
    await this.ask('write');
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    if (this.#broken === undefined) await this.ask('close');
    this.#closing = true;
    const ended = this.#broken === undefined ? once(this.#thread, 'exit') : undefined;
    await this.#thread.terminate();
    await ended;
  }

  /** Asks and waits for the answer. @throws what the thread threw */
  async ask<K extends keyof Answer>(
    ask: K,
    what: Pick<Question, 'stopped' | 'orders'> = {},
  ): Promise<Answer[K]> {
    if (this.#broken !== undefined) throw this.#broken.error;
    this.#id += 1;
    const id = this.#id;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ id, ask, ...what });
    }) as Promise<Answer[K]>;
  }

  #post(message: Question | { readonly advance: number }): void {
    this.#thread.postMessage(message, []);
  }

  #answered(said: Exclude<Said, { failed: unknown }>): void {
    const waiting = this.#waiting.get(said.id);
    this.#waiting.delete(said.id);
    if ('value' in said) waiting?.resolve(said.value);
    else waiting?.reject(revived(said.error));
  }

  #broke(error: unknown): void {
    this.#broken ??= { error };
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

/** What was thrown in the thread, as it would be here. */
function revived(error: Extract<Said, { error: unknown }>['error']): Error {
  const { code, message, hint, details, stack } = error;
  if (code !== undefined)
    return new HarnessError(code, message, { hint: hint ?? '', ...(details && { details }) });
  const bug = new Error(message);
  bug.stack = stack ?? message;
  return bug;
}
