/** One request: sent through undici, followed chunk by chunk, ended as a row. */
import type { Dispatcher } from 'undici';
import type { RequestEnd, RequestRow } from '../window/row.ts';
import { Answer } from './answer.ts';
import { EventCutter } from './events.ts';
import type { Scheduled } from './schedule.ts';

/** Bytes that one answer may have. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Bytes of a body that is no stream, looked at for an error. */
const LOOKED_AT = 4096;

/** Characters of a refusal that are told. */
const SHOWN = 200;

/** What every request of a window shares. */
export interface Sending {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly timeout: number;
  /** Seconds from the window's start. */
  readonly now: () => number;
  /** Its id, told to the server. */
  id(of: Scheduled): string;
  /** The JSON body of a request. */
  body(of: Scheduled): string;
  /** Text chunks' gaps of a request that ended well, s, and the tokens they carried together. */
  gaps(gaps: readonly number[], row: RequestRow): void;
  /** What no row can hold: the code of an error, e.g. of a certificate, or what a refusal said. */
  trouble(what: string): void;
}

/** Sends one request; `done` is called once, whatever becomes of it. */
export function send(of: Scheduled, sending: Sending, done: (row: RequestRow) => void): void {
  const { now } = sending;
  const dispatched = now();
  const cutter = new EventCutter();
  const answer = new Answer();
  const gaps: number[] = [];
  let sent: number | undefined;
  let first: number | undefined;
  let last: number | undefined;
  let status = 0;
  let bytes = 0;
  let chunks = 0;
  let stall = 0;
  let streamed = false;
  let whole = '';
  let over = false;

  const finish = (end: RequestEnd) => {
    if (over) return;
    over = true;
    clearTimeout(limit);
    const row: RequestRow = {
      index: of.index,
      scheduled: of.at,
      dispatched,
      ...(sent !== undefined && { sent }),
      ...(first !== undefined && last !== undefined && { first, last }),
      ended: now(),
      end,
      status,
      chunks,
      ...(answer.usage !== undefined && { usage: answer.usage }),
      ...(answer.prompt !== undefined && { prompt: answer.prompt }),
      asked: of.output,
      stall,
    };
    if (end === 'ok') sending.gaps(gaps, row);
    done(row);
  };
  let stop: ((reason: Error) => void) | undefined;
  const giveUp = (end: RequestEnd) => {
    finish(end);
    stop?.(new Error(end));
  };
  const limit = setTimeout(() => giveUp('timed-out'), (of.at + sending.timeout - dispatched) * 1e3);

  // One look at the clock for all that one read brought.
  let at = 0;
  const event = (data: string) => {
    if (!answer.event(data)) return;
    if (last === undefined) first = at;
    else {
      const gap = at - last;
      gaps.push(gap);
      if (gap > stall) stall = gap;
    }
    last = at;
    chunks += 1;
  };

  sending.dispatcher.dispatch(
    {
      origin: sending.origin,
      path: sending.path,
      method: 'POST',
      headers: { ...sending.headers, 'x-request-id': sending.id(of) },
      body: sending.body(of),
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    {
      onRequestStart(controller) {
        sent = now();
        stop = (reason) => controller.abort(reason);
        // Given up while it waited for a connection.
        if (over) controller.abort(new Error('timed-out'));
      },
      onResponseStart(_controller, code, headers) {
        status = code;
        streamed = String(headers['content-type'] ?? '').startsWith('text/event-stream');
      },
      onResponseData(_controller, chunk) {
        if (over) return;
        bytes += chunk.length;
        if (!streamed || status !== 200) {
          if (whole.length < LOOKED_AT) whole += chunk.toString('latin1', 0, LOOKED_AT);
          if (bytes > MOST_BYTES) giveUp('too-long');
          return;
        }
        at = now();
        if (bytes > MOST_BYTES || !cutter.push(chunk, event)) giveUp('too-long');
        else if (answer.wrong !== undefined) giveUp(answer.wrong);
      },
      onResponseEnd() {
        if (status !== 200) {
          sending.trouble(`status ${status}: ${whole.slice(0, SHOWN)}`);
          finish('refused');
        }
        // One body in place of a stream: an error, or a server that does not stream.
        else if (!streamed) finish(whole.includes('"error"') ? 'error-body' : 'unreadable');
        else if (!answer.finished) finish('truncated');
        else finish(chunks === 0 ? 'empty' : 'ok');
      },
      onResponseError(_controller, error) {
        const code = (error as NodeJS.ErrnoException).code ?? error.name;
        if (!over) sending.trouble(code);
        finish(status === 0 ? 'unreachable' : 'truncated');
      },
    },
  );
}
