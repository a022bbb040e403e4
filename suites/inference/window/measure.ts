/** One load window: its rows → what is reported of it. Pure: the generator steers by it, the reader reports it. */
import { earlyStoppingQueries } from '../../../verdicts/statistics/early-stopping.ts';
import { percentileType7 } from '../../../verdicts/statistics/percentile.ts';
import type { Histogram } from './histogram.ts';
import { isUnstreamed, outputTokens, requestTimes, usageProblem } from './request-times.ts';
import type { RequestRow } from './row.ts';
import { isGood, type Slo } from './slo.ts';
import { backlog, warmUp, type Backlog } from './steady.ts';

/** What a window was asked to be. */
export interface WindowPlan {
  /** Requests a second. */
  readonly rate: number;
  /** Requests before the window: dropped as far as the steady-state rule says. */
  readonly settling: number;
  /** Requests of the window itself. */
  readonly requests: number;
  /** Seconds after which a request is given up: what a failed one counts as, at least. */
  readonly timeout: number;
  readonly slo: Slo;
}

/** What a window comes to. Times in s, absent where nothing can be said: empty is not 0. */
export interface WindowFigures {
  /** Requests that count, the failed ones too. */
  readonly of: number;
  readonly failed: number;
  /** The first failure's end and status, with how many were of its kind. */
  readonly failure?: string;
  /** Requests that kept every bound of the SLO. */
  readonly good: number;
  /** Requests over each bound; failed ones are. */
  readonly over: Readonly<Partial<Record<keyof Slo, number>>>;
  /** Ascending, a failed request as the time-out or how long it took. */
  readonly ttft: readonly number[];
  readonly e2e: readonly number[];
  /** Ascending; failed ones too, requests of a single token not. */
  readonly tpot: readonly number[];
  /** From the first scheduled moment to the last end, s. */
  readonly seconds: number;
  readonly outputTokens: number;
  /** The server never told its usage: tokens are chunks. */
  readonly counted: boolean;
  /** What the server's usage contradicts, with how often; absent: nothing. */
  readonly usage?: string;
  /** Longer answers that came in one chunk. */
  readonly unstreamed: number;
  readonly backlog: Backlog;
  /** Requests dropped as warm-up; `unsteady`: the rule found no end of it. */
  readonly dropped: number;
  readonly unsteady: boolean;
}

/** Confidence of a tail figure, as in MLPerf. */
const CONFIDENCE = 0.99;

/** Requests that a percentile takes: fewer can't show it even if none is beyond. */
export function enoughFor(percentile: number): number {
  return earlyStoppingQueries(0, percentile, CONFIDENCE);
}

/**
 * @param rows every request of the window, warm-up included, in any order
 * @returns undefined where not one request counts
 */
export function windowFigures(
  rows: readonly RequestRow[],
  plan: WindowPlan,
): WindowFigures | undefined {
  const ordered = [...rows].sort((a, b) => a.index - b.index);
  const took = (row: RequestRow) =>
    requestTimes(row)?.e2e ?? Math.max(row.ended - row.scheduled, plan.timeout);
  const cut = warmUp(ordered.map(took));
  // Never past the planned warm-up: what looks like one there may be a stall of the server.
  const dropped = Math.min(cut ?? plan.settling, plan.settling);
  const own = ordered.slice(dropped);
  const [first] = own;
  if (first === undefined) return undefined;
  const lost = (row: RequestRow) => Math.max(row.ended - row.scheduled, plan.timeout);
  const ascending = (of: (row: RequestRow) => number | undefined) =>
    own
      .map(of)
      .filter((value) => value !== undefined)
      .sort((a, b) => a - b);
  const ttft = ascending((row) => requestTimes(row)?.ttft ?? lost(row));
  const e2e = ascending(took);
  const tpot = ascending((row) => {
    const times = requestTimes(row);
    if (times === undefined) return lost(row);
    return times.tpot ?? (isUnstreamed(row) ? times.e2e : undefined);
  });
  const { slo } = plan;
  const failed = own.filter((row) => row.end !== 'ok');
  const wrong = own.map(usageProblem).filter((problem) => problem !== undefined);
  const lastEnd = own.reduce((last, row) => Math.max(last, row.ended), 0);
  const over = {
    ...(slo.ttft !== undefined && { ttft: own.length - kept(own, { ttft: slo.ttft }) }),
    ...(slo.tpot !== undefined && { tpot: own.length - kept(own, { tpot: slo.tpot }) }),
    ...(slo.e2e !== undefined && { e2e: own.length - kept(own, { e2e: slo.e2e }) }),
  };
  return {
    of: own.length,
    failed: failed.length,
    ...(failed[0] !== undefined && { failure: failureOf(failed) }),
    good: kept(own, slo),
    over,
    ttft,
    e2e,
    tpot,
    seconds: lastEnd - first.scheduled,
    outputTokens: own.reduce((sum, row) => sum + (row.end === 'ok' ? outputTokens(row) : 0), 0),
    counted: own.every((row) => row.usage === undefined),
    ...(wrong[0] !== undefined && { usage: `${wrong[0]} (${wrong.length} requests)` }),
    unstreamed: own.filter(isUnstreamed).length,
    backlog: backlog(own),
    dropped,
    unsteady: cut === undefined || cut > plan.settling,
  };
}

/** @returns the percentile by linear interpolation (type 7); undefined where there are too few values for it */
export function percentileOf(sorted: readonly number[], p: number): number | undefined {
  return sorted.length < enoughFor(p) ? undefined : percentileType7(sorted, p);
}

/** The percentile of pooled gaps; undefined where there are too few. */
export function pooledPercentile(pool: Histogram, p: number): number | undefined {
  return pool.total < enoughFor(p) ? undefined : pool.percentile(p);
}

function kept(rows: readonly RequestRow[], slo: Slo): number {
  return rows.filter((row) => isGood(row, slo)).length;
}

function failureOf(failed: readonly RequestRow[]): string {
  const kinds = new Map<string, number>();
  for (const row of failed) {
    const kind = row.end === 'refused' ? `status ${row.status}` : row.end;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [...kinds]
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
}
