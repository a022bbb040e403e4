/** Requests made by hand, for tests of what they come to. */
import type { RequestRow } from '../../../../suites/inference/window/row.ts';

/** A good request of 4 chunks, sent when due; `more` overrides. */
export function request(
  index: number,
  scheduled: number,
  more: Partial<RequestRow> = {},
): RequestRow {
  return {
    index,
    scheduled,
    dispatched: scheduled,
    sent: scheduled,
    first: scheduled + 0.1,
    last: scheduled + 0.4,
    ended: scheduled + 0.4,
    end: 'ok',
    status: 200,
    chunks: 4,
    usage: 4,
    asked: 4,
    stall: 0.1,
    ...more,
  };
}

/** A request that got no answer. */
export function unanswered(index: number, scheduled: number, ended = scheduled + 0.01): RequestRow {
  const { first: _first, last: _last, usage: _usage, ...rest } = request(index, scheduled);
  return { ...rest, ended, end: 'refused', status: 503, chunks: 0, stall: 0 };
}
