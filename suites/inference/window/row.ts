/** One request of a load window, as the load generator writes it and the reader takes it: a row of plain numbers. */

/** How a request ended; anything but `ok` counts against the endpoint. */
export const ENDS = [
  'ok',
  /** A status other than 200; `status` has it. */
  'refused',
  /** No connection, or it broke before the answer began. */
  'unreachable',
  /** The stream ended without its end mark. */
  'truncated',
  /** Longer than the plan's time-out. */
  'timed-out',
  /** An error told in a body of status 200. */
  'error-body',
  /** Not a stream of events with JSON in them. */
  'unreadable',
  /** More bytes than any answer may have. */
  'too-long',
  /** Ended properly, without a single token. */
  'empty',
] as const;

export type RequestEnd = (typeof ENDS)[number];

/** Times in seconds from the window's start, on the load generator's clock. */
export interface RequestRow {
  /** Position in the schedule, warm-up included. */
  readonly index: number;
  /** When it was to be sent: latencies are taken from here. */
  readonly scheduled: number;
  /** When the generator handed it over: `dispatched − scheduled` is its own lateness. */
  readonly dispatched: number;
  /** When it went onto a connection; absent: none was had. */
  readonly sent?: number;
  /** First and last chunk with text in it; absent: there was none. */
  readonly first?: number;
  readonly last?: number;
  /** When the stream ended, however it did. */
  readonly ended: number;
  readonly end: RequestEnd;
  /** HTTP status, 0 where none came. */
  readonly status: number;
  /** Chunks with text in them. */
  readonly chunks: number;
  /** Tokens by the server's own usage; absent: it told none. */
  readonly usage?: number;
  /** Prompt tokens by the server's own usage. */
  readonly prompt?: number;
  /** Tokens that were asked for at most. */
  readonly asked: number;
  /** Longest wait between two chunks with text, s. */
  readonly stall: number;
}

const MICRO = 1e6;

/** The row as numbers: times in whole µs (after `scheduled`, where there are some), null where absent. */
export function encodeRow(row: RequestRow): readonly (number | null)[] {
  const after = (time: number | undefined) =>
    time === undefined ? null : Math.round((time - row.scheduled) * MICRO);
  return [
    row.index,
    Math.round(row.scheduled * MICRO),
    after(row.dispatched),
    after(row.sent),
    after(row.first),
    after(row.last),
    after(row.ended),
    ENDS.indexOf(row.end),
    row.status,
    row.chunks,
    row.usage ?? null,
    row.prompt ?? null,
    row.asked,
    Math.round(row.stall * MICRO),
  ];
}

/** @returns the row, or why these values are none: what a file says is data */
export function decodeRow(values: readonly unknown[]): RequestRow | string {
  if (values.length !== 14) return `a request of ${values.length} values, not 14`;
  const bad = values.findIndex(
    (value) => value !== null && !(typeof value === 'number' && Number.isFinite(value)),
  );
  if (bad >= 0) return `value ${bad} of a request is no number`;
  const [index, at, dispatched, sent, first, last, ended, end, status, chunks, usage, prompt] =
    values as readonly (number | null)[];
  const [asked, stall] = values.slice(12) as readonly (number | null)[];
  const required = { index, at, dispatched, ended, end, status, chunks, asked, stall };
  const absent = Object.entries(required).find(([, value]) => typeof value !== 'number');
  if (absent !== undefined) return `a request without ${absent[0]}`;
  const scheduled = (at as number) / MICRO;
  const time = (micros: number | null | undefined) => scheduled + (micros as number) / MICRO;
  const word = ENDS[end as number];
  if (word === undefined) return `a request that ended in ${String(end)}`;
  const order = [dispatched, sent, first, last, ended].filter((one) => typeof one === 'number');
  if (order.some((one, place) => place > 0 && one < (order[place - 1] as number))) {
    return 'a request whose times run backwards';
  }
  if ((first === null) !== (last === null) || (first === null) !== (chunks === 0)) {
    return 'a request whose chunks and times do not agree';
  }
  return {
    index: index as number,
    scheduled,
    dispatched: time(dispatched),
    ...(typeof sent === 'number' && { sent: time(sent) }),
    ...(typeof first === 'number' && { first: time(first), last: time(last) }),
    ended: time(ended),
    end: word,
    status: status as number,
    chunks: chunks as number,
    ...(typeof usage === 'number' && { usage }),
    ...(typeof prompt === 'number' && { prompt }),
    asked: asked as number,
    stall: (stall as number) / MICRO,
  };
}
