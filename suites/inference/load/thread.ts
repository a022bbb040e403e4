/** A worker thread of the generator: sends its share of each window's schedule, and tells the rows. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { Pool } from 'undici';
import { bucketOf, Histogram } from '../window/histogram.ts';
import { outputTokens } from '../window/request-times.ts';
import { encodeRow, type RequestRow } from '../window/row.ts';
import { clockFrom } from './clock.ts';
import { directConnector } from './connector.ts';
import { send } from './request.ts';
import type { Scheduled } from './schedule.ts';
import { requestId, target, type TargetSettings } from './target.ts';

/** What a thread is told for a window. */
export interface Order {
  readonly window: number;
  /** Window's start on the monotonic clock, s. */
  readonly epoch: number;
  /** Its share, in order. */
  readonly schedule: readonly Scheduled[];
}

/** What it tells. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly (number | null)[])[] }
  | {
      readonly kind: 'end';
      /** Pooled gaps between chunks and between tokens, as histogram pairs. */
      readonly chunkGaps: readonly number[];
      readonly tokenGaps: readonly number[];
      /** Lateness of the event loop at p99, s, and its busy share. */
      readonly loopP99: number;
      readonly busy: number;
      /** Codes of errors without an answer, with how often. */
      readonly troubles: readonly (readonly [string, number])[];
    };

/** Kinds of trouble that are told of one window. */
const MOST_TROUBLES = 3;
/** Rows told at once. */
const BATCH = 64;
/** ms between two looks at the event loop: each wakes a thread that may have nothing else to do. */
const RESOLUTION = 20;

const port = parentPort;
if (port === null) throw new Error('thread.ts runs in a worker thread');
const settings = workerData as TargetSettings;
const to = target(settings);
// As many connections as requests are under way: a limit here would close the loop.
const pool = new Pool(to.origin, {
  pipelining: 1,
  keepAliveTimeout: 3000,
  headersTimeout: 0,
  bodyTimeout: 0,
  connect: directConnector(settings.timeout * 1e3),
});
const clock = clockFrom();
const tell = (told: Told) => port.postMessage(told);

port.on('message', (order: Order) => runWindow(order));
tell({ kind: 'ready' });

function runWindow({ window, epoch, schedule }: Order): void {
  const chunkGaps = new Histogram();
  const tokenGaps = new Histogram();
  const troubles = new Map<string, number>();
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION });
  const before = performance.eventLoopUtilization();
  let rows: (readonly (number | null)[])[] = [];
  let open = schedule.length;
  let next = 0;
  loop.enable();
  const now = () => clock() - epoch;

  const sending = {
    dispatcher: pool,
    ...to,
    now,
    timeout: settings.timeout,
    id: (of: Scheduled) => requestId(window, of.index),
    body: (of: Scheduled) => to.body(of, window),
    gaps(gaps: readonly number[], row: RequestRow) {
      // Tokens after the first, spread evenly over the chunks after the first.
      const each = Math.max(1, (outputTokens(row) - 1) / Math.max(1, gaps.length));
      for (const gap of gaps) {
        const bucket = bucketOf(gap);
        chunkGaps.addAt(bucket, 1);
        tokenGaps.addAt(each === 1 ? bucket : bucketOf(gap / each), each);
      }
    },
    trouble(what: string) {
      const known = troubles.get(what);
      if (known !== undefined || troubles.size < MOST_TROUBLES)
        troubles.set(what, (known ?? 0) + 1);
    },
  };

  const done = (row: RequestRow) => {
    rows.push(encodeRow(row));
    open -= 1;
    if (rows.length < BATCH && open > 0) return;
    tell({ kind: 'rows', rows });
    rows = [];
    if (open === 0) end();
  };

  const end = () => {
    loop.disable();
    const late = (loop.count === 0 ? 0 : loop.percentile(99)) / 1e9 - RESOLUTION / 1e3;
    tell({
      kind: 'end',
      chunkGaps: chunkGaps.pairs(),
      tokenGaps: tokenGaps.pairs(),
      loopP99: Math.max(0, late),
      busy: performance.eventLoopUtilization(before).utilization,
      troubles: [...troubles],
    });
  };

  // The schedule is absolute: whatever the answers do, the next request leaves when it is due.
  const pump = () => {
    for (;;) {
      const due = schedule[next];
      if (due === undefined) return;
      const wait = due.at - now();
      if (wait > 0) {
        setTimeout(pump, Math.min(wait * 1e3, 2 ** 30));
        return;
      }
      next += 1;
      send(due, sending, done);
    }
  };
  if (open === 0) end();
  else pump();
}
