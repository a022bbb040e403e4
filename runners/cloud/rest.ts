/** JSON over HTTP for providers that are spoken to without their own client library: one bounded call, tried again. */
import { z } from 'zod';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import type { Clock } from './clock.ts';
import type { Pace } from './pace.ts';
import { providerError, reasonOf } from './problem.ts';
import { retried, type Patience } from './retry.ts';
import { timeLimit } from '../../plan/limit.ts';

/** What a provider answered with an error. */
export interface Refused {
  readonly status: number;
  /** Parsed where it is JSON; else undefined. Untrusted. */
  readonly body: unknown;
  readonly headers: Headers;
  readonly operation: string;
  readonly where?: string;
}

/** A call as it goes out. */
export interface Outgoing {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What makes a call ours. */
export interface Authorised {
  readonly headers: Readonly<Record<string, string>>;
  /** What of it an answer must not repeat. */
  readonly secrets: readonly string[];
}

/** What is the same for every call of one provider. */
export interface RestOptions {
  readonly provider: string;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  /** Origins that credentials may go to: a link in an answer never leads them elsewhere. */
  readonly origins: ReadonlySet<string>;
  /** A token, or a signature over the whole call. @param renew the last one was refused */
  authorise(call: Outgoing, renew: boolean): Promise<Authorised>;
  /** The provider's error in our words. */
  refused(answer: Refused): HarnessError;
}

/** One call. */
export interface RestCall<T> {
  /** The provider's name for it. */
  readonly operation: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** What an answer must look like; what is not named in it is dropped. */
  readonly shape: z.ZodType<T>;
  readonly signal: AbortSignal;
  readonly where?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer is text, not JSON. */
  readonly text?: true;
  readonly pace?: Pace;
  readonly patience?: Patience;
}

/** An answer that fits its shape. */
export interface Answered<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly value: T;
}

/** Calls of one provider. @throws {HarnessError} PROVIDER_* */
export type Rest = <T>(call: RestCall<T>) => Promise<Answered<T>>;

/** Seconds for one answer. */
const ANSWER = 90;
/** Bytes of one answer; a page of a list is far below. */
const MOST = 64 * 2 ** 20;
/** Longest pause that a provider's Retry-After makes us wait, seconds. */
const LONGEST_WAIT = 120;

/** For answers that nobody reads. */
export const anything = z.unknown();

/** Credentials that are a token. @param token renew: the last one was refused */
export function bearer(token: (renew: boolean) => Promise<string>): RestOptions['authorise'] {
  return async (_, renew) => {
    const held = await token(renew);
    return { headers: { authorization: `Bearer ${held}` }, secrets: [held] };
  };
}

/** Makes calls: paced, with a token that is renewed once, tried again while the provider is only busy. */
export function restClient(options: RestOptions): Rest {
  const { clock, random } = options;
  return (call) => {
    const once = async () => {
      await call.pace?.(1, call.signal);
      try {
        return await sent(call, options, false);
      } catch (error) {
        // A token that ended in the midst; refused again, it is the user's to mend.
        if (reasonOf(error) !== 'credentials') throw error;
        return sent(call, options, true);
      }
    };
    return retried(once, { clock, random, signal: call.signal }, call.patience);
  };
}

async function sent<T>(
  call: RestCall<T>,
  options: RestOptions,
  renew: boolean,
): Promise<Answered<T>> {
  const { operation, where, url, method, signal, shape } = call;
  const said = { provider: options.provider, operation, ...(where !== undefined && { where }) };
  if (!options.origins.has(new URL(url).origin)) {
    const message = 'a link of the answer leads to another host: not followed';
    throw providerError('invalid', { ...said, code: 'foreign link', message });
  }
  const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
  const plain = {
    accept: call.text === true ? '*/*' : 'application/json',
    ...(call.body !== undefined && { 'content-type': 'application/json' }),
    ...call.headers,
  };
  const { headers: ours, secrets } = await options.authorise(
    { method, url, headers: plain, ...body },
    renew,
  );
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      // A redirect would carry the credentials away.
      redirect: 'error',
      headers: { ...plain, ...ours },
      ...body,
      signal: timeLimit(ANSWER, signal),
    });
    // A provider that repeats what it was sent gives no secret away.
    text = await bounded(response);
    for (const secret of secrets) text = text.replaceAll(secret, '[redacted]');
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RangeError) {
      throw providerError('invalid', { ...said, code: 'answer too long', message: error.message });
    }
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const code = systemCode(cause) ?? (error instanceof Error ? error.name : 'failed');
    const message = cause instanceof Error ? cause.message : '';
    throw providerError('transient', { ...said, code, message, cause: error });
  }
  const { status, headers } = response;
  const parsed = response.ok && call.text === true ? text : parse(text);
  if (!response.ok) {
    throw options.refused({
      status,
      body: parsed,
      headers,
      operation,
      ...(where !== undefined && { where }),
    });
  }
  const result = shape.safeParse(parsed);
  if (result.success) return { status, headers, value: result.data };
  const [issue] = result.error.issues;
  const message = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
  throw providerError('transient', {
    ...said,
    code: `unreadable answer (HTTP ${status})`,
    message,
  });
}

/** Seconds of a Retry-After header: a number or a date. */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const seconds = /^\d+(?:\.\d+)?$/u.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, LONGEST_WAIT) : undefined;
}

/** Pause before the next look at something under way: what the provider asks for, else doubled from 1 to 10 s. */
export function pauseBefore(turn: number, asked: number | undefined): number {
  return asked === undefined ? Math.min(1000 * 1.5 ** turn, 10_000) : asked * 1000;
}

/** Follows pages; a provider that repeats itself is not followed for ever. */
export async function allPages<T>(
  page: (link: string | undefined) => Promise<{ items: readonly T[]; next?: string | undefined }>,
): Promise<readonly T[]> {
  const all: T[] = [];
  const seen = new Set<string>();
  let link: string | undefined;
  do {
    const { items, next } = await page(link);
    // An empty page with a link is a page.
    all.push(...items);
    link = next === undefined || next === '' || seen.has(next) ? undefined : next;
    if (link !== undefined) seen.add(link);
  } while (link !== undefined);
  return all;
}

/** Whether an error is the provider's word that the thing is not there. */
export function isGone(error: unknown): boolean {
  return reasonOf(error) === 'gone';
}

/** Deletes: what is gone already is fine. @returns the provider's refusal; undefined: it is on its way or gone */
export async function refusalOf(call: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return isGone(error) ? undefined : error.message;
  }
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: a gateway's page. Its status decides; a success without JSON fails its shape.
    return undefined;
  }
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MOST) throw new RangeError(`more than ${MOST} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
