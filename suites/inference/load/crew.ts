/** The generator's threads: each window's schedule dealt out to them, their rows and their lateness gathered. */
import { Worker } from 'node:worker_threads';
import { Histogram } from '../window/histogram.ts';
import type { Lateness } from '../window/lateness.ts';
import { clockFrom } from './clock.ts';
import type { Scheduled } from './schedule.ts';
import type { TargetSettings } from './target.ts';
import type { Order, Told } from './thread.ts';

/** Encoded requests. */
export type Rows = readonly (readonly (number | null)[])[];

/** What all threads together say of a window, beside its rows. */
export interface Gathered {
  /** The window's start on the machine's monotonic clock, s. */
  readonly epoch: number;
  readonly chunkGaps: Histogram;
  readonly tokenGaps: Histogram;
  readonly lateness: Omit<Lateness, 'slipP50' | 'slipP99' | 'slipMost'>;
  readonly troubles: ReadonlyMap<string, number>;
}

/** Seconds between a window's order and its first moment: every thread has it by then. */
const LEAD = 0.2;

/** Threads that live as long as the generator. */
export class Crew {
  readonly #threads: readonly Worker[];
  readonly #clock = clockFrom();

  constructor(settings: TargetSettings, threads: number) {
    this.#threads = Array.from(
      { length: threads },
      () => new Worker(entry(), { workerData: settings }),
    );
  }

  /** Resolves when every thread has loaded: before that a window would begin late. */
  async ready(): Promise<void> {
    await Promise.all(
      this.#threads.map(
        async (thread) =>
          new Promise<void>((resolve, reject) => {
            thread.once('error', reject);
            thread.once('message', () => {
              thread.off('error', reject);
              resolve();
            });
          }),
      ),
    );
  }

  /** Runs one window to the end of its last request. */
  async run(
    window: number,
    schedule: readonly Scheduled[],
    take: (rows: Rows) => void,
  ): Promise<Gathered> {
    const epoch = this.#clock() + LEAD;
    const cpu = process.cpuUsage();
    const gathered = {
      chunkGaps: new Histogram(),
      tokenGaps: new Histogram(),
      troubles: new Map<string, number>(),
    };
    const ends = await Promise.all(
      this.#threads.map(async (thread, place) => {
        const share = schedule.filter((one) => one.index % this.#threads.length === place);
        const end = await runOn(thread, { window, epoch, schedule: share }, take);
        merge(gathered.chunkGaps, end.chunkGaps);
        merge(gathered.tokenGaps, end.tokenGaps);
        for (const [code, count] of end.troubles) {
          gathered.troubles.set(code, (gathered.troubles.get(code) ?? 0) + count);
        }
        return end;
      }),
    );
    const used = process.cpuUsage(cpu);
    return {
      ...gathered,
      epoch,
      lateness: {
        loopP99: Math.max(...ends.map((end) => end.loopP99)),
        busy: Math.max(...ends.map((end) => end.busy)),
        cpu: (used.user + used.system) / 1e6,
        seconds: this.#clock() - epoch,
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}

/**
 * The thread's module. In a checkout it is TypeScript, and Node.js 20 gives a thread no loader of its process; on a
 * node all modules are one file (`on-node.ts`), and a thread starts in it too.
 */
function entry(): URL {
  const own = import.meta.url;
  if (own.endsWith('/crew.js')) return new URL('thread.js', own);
  if (!own.endsWith('/crew.ts')) return new URL(own);
  const [loader, file] = [import.meta.resolve('tsx/esm/api'), new URL('thread.ts', own)];
  const module = `import { register } from ${JSON.stringify(loader)};
register();
await import(${JSON.stringify(file.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(module)}`);
}

type End = Extract<Told, { kind: 'end' }>;

async function runOn(thread: Worker, order: Order, rows: (rows: Rows) => void): Promise<End> {
  return new Promise((resolve, reject) => {
    const take = (told: Told) => {
      if (told.kind === 'rows') rows(told.rows);
      else if (told.kind === 'end') {
        thread.off('message', take);
        thread.off('error', reject);
        resolve(told);
      }
    };
    thread.on('message', take);
    thread.on('error', reject);
    thread.postMessage(order, []);
  });
}

function merge(into: Histogram, pairs: readonly number[]): void {
  for (let at = 0; at < pairs.length; at += 2) {
    into.addAt(pairs[at] as number, pairs[at + 1] as number);
  }
}
