/** What one request's times come to. Sources: STATISTICS.md 6.4, vector `llm_request_example`. */
import type { RequestRow } from './row.ts';

/** Seconds; absent where the request does not have it. */
export interface RequestTimes {
  /** First chunk with text − scheduled moment. */
  readonly ttft: number;
  /** Last chunk with text − scheduled moment. */
  readonly e2e: number;
  /** (e2e − ttft) / (tokens − 1); absent below 2 tokens, and where more than one token came in one chunk. */
  readonly tpot?: number;
}

/** @returns undefined for a request that did not end properly: it has no latencies, it counts against */
export function requestTimes(row: RequestRow): RequestTimes | undefined {
  if (row.end !== 'ok' || row.first === undefined || row.last === undefined) return undefined;
  const ttft = row.first - row.scheduled;
  const e2e = row.last - row.scheduled;
  const tokens = outputTokens(row);
  // All tokens in one chunk: there is no time between tokens to be seen, and none is not 0 ms.
  if (tokens < 2 || row.chunks < 2) return { ttft, e2e };
  return { ttft, e2e, tpot: (e2e - ttft) / (tokens - 1) };
}

/** Tokens of a request: by the server's usage where the chunks do not contradict it, else by count. */
export function outputTokens(row: RequestRow): number {
  return row.usage === undefined || usageProblem(row) !== undefined ? row.chunks : row.usage;
}

/** Why the server's usage can't be true: a chunk with text has a token at least, and more than asked is none. */
export function usageProblem(row: RequestRow): string | undefined {
  if (row.usage === undefined || row.end !== 'ok') return undefined;
  if (!Number.isInteger(row.usage)) return `usage of ${row.usage} tokens`;
  if (row.usage < row.chunks) return `usage of ${row.usage} tokens in ${row.chunks} chunks`;
  if (row.usage > row.asked) return `usage of ${row.usage} tokens where ${row.asked} were asked`;
  return undefined;
}

/** All tokens of a longer answer came at once: the server does not stream. */
export function isUnstreamed(row: RequestRow): boolean {
  return row.end === 'ok' && row.chunks === 1 && outputTokens(row) > 1;
}
