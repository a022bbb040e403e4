/**
 * What is to be told to a webhook: queued on disk before the night's commit, sent after it, until the
 * receiver took it. No address and no secret stands in the queue.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks (signature scheme)
 */
import { createHash, createHmac } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { canonical } from '../directory/canonical.ts';
import { onDisk, writeAtomic } from '../directory/disk.ts';
import type { NightFile } from './model.ts';
import { timeLimit } from '../../plan/limit.ts';

/** Seconds that a receiver may take, tries a night, and seconds before the second; doubled each time. */
const LIMIT = 10;
const TRIES = 3;
const FIRST_PAUSE = 1;
/** Answers that are about the message itself: it will never be taken, and others may be. */
const NEVER_TAKEN: ReadonlySet<string> = new Set(['HTTP 400', 'HTTP 413', 'HTTP 422']);
/** Messages that wait, at most; the oldest go first. */
const MOST = 1000;

/** One message of the queue. */
export interface Message {
  /** Unique for ever: a receiver that gets it twice knows it again. */
  readonly id: string;
  readonly body: {
    readonly schema: 'assay/webhook/1';
    readonly event: 'alarm-opened' | 'alarm-closed' | 'nights-missed';
    readonly delivery: string;
    readonly night: string;
    readonly [field: string]: unknown;
  };
}

/** What a night has to tell: each alarm once when it opens, once when it closes, and the nights that were missed. */
export function messagesOf(file: NightFile): readonly Message[] {
  const { delivery, night, origin } = file;
  const message = (event: Message['body']['event'], name: string, more: object): Message => ({
    id: `msg_${createHash('sha256')
      .update(canonical([delivery, night, event, name]))
      .digest('hex')
      .slice(0, 24)}`,
    body: { schema: 'assay/webhook/1', event, delivery, night, origin, ...more },
  });
  return [
    ...file.opened.map((alarm) => message('alarm-opened', alarm.id, { alarm })),
    ...file.closed.map(({ alarm, by }) =>
      message('alarm-closed', alarm.id, { alarm: alarm.id, by }),
    ),
    ...(file.missed.length === 0 ? [] : [message('nights-missed', '', { missed: file.missed })]),
  ];
}

/**
 * Puts messages into the queue; one that is there is the same message.
 *
 * @param folder of the queue
 * @throws {HarnessError} DISK_FULL
 */
export async function enqueue(folder: string, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return;
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  for (const message of messages) {
    await writeAtomic(join(folder, `${message.id}.json`), `${canonical(message)}\n`);
  }
}

/** Where messages go, and how they are signed. */
export interface Receiver {
  /** https, or http to this machine. */
  readonly address: string;
  /** Shared secret; `whsec_` and base64, or the bytes of any text. */
  readonly secret?: string;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Seconds; for tests. */
  readonly firstPause?: number;
}

/** What became of the queue. */
export interface Delivered {
  readonly sent: number;
  readonly left: number;
  /** File names, in the queue's folder. */
  readonly aside: readonly string[];
  readonly why?: string;
}

/**
 * Sends what waits, oldest first; what the receiver took leaves the queue, the rest stays for the next night.
 * What it refused for its content is put aside, beside the queue, for a person to look at.
 *
 * @param isTold whether the night that it tells of was committed: another was cut off, and its message goes
 * @returns messages taken, those put aside, and why the first of the others was not
 */
export async function deliver(
  folder: string,
  receiver: Receiver,
  isTold: (message: Message) => boolean,
): Promise<Delivered> {
  checkAddress(receiver.address);
  const names = (await listed(folder)).slice(0, MOST);
  let sent = 0;
  const aside: string[] = [];
  for (const [at, name] of names.entries()) {
    const path = join(folder, name);
    const message = JSON.parse(await readFile(path, 'utf8')) as Message;
    if (!isTold(message)) {
      await rm(path, { force: true });
      continue;
    }
    const why = await send(message, receiver);
    if (why !== undefined && NEVER_TAKEN.has(why)) {
      const refused = `refused-${name}`;
      await onDisk(folder, () => rename(path, join(folder, refused)));
      aside.push(refused);
      continue;
    }
    // In order: an alarm is not closed at the receiver before it was opened.
    if (why !== undefined) return { sent, left: names.length - at, aside, why };
    await rm(path, { force: true });
    sent += 1;
  }
  return { sent, left: 0, aside };
}

/** Messages that wait, oldest first. */
async function listed(folder: string): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
  const own = names.filter((name) => /^msg_[0-9a-f]{24}\.json$/u.test(name));
  const nights = await Promise.all(
    own.map(async (name) => {
      const { body } = JSON.parse(await readFile(join(folder, name), 'utf8')) as Message;
      return { name, order: `${body.night} ${body.event === 'alarm-closed' ? 1 : 0} ${name}` };
    }),
  );
  return nights.sort((a, b) => (a.order < b.order ? -1 : 1)).map(({ name }) => name);
}

/** @returns why it was not taken; undefined: it was */
async function send(message: Message, receiver: Receiver): Promise<string | undefined> {
  const body = canonical(message.body);
  let why = '';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0) {
      await pause(1000 * (receiver.firstPause ?? FIRST_PAUSE) * 2 ** (attempt - 1), undefined, {
        signal: receiver.signal,
      }).catch(() => undefined);
    }
    if (receiver.signal.aborted) return 'interrupted';
    try {
      const response = await fetch(receiver.address, {
        method: 'POST',
        headers: headersOf(message.id, body, receiver),
        body,
        redirect: 'error',
        signal: timeLimit(LIMIT, receiver.signal),
      });
      await response.body?.cancel();
      if (response.ok) return undefined;
      why = `HTTP ${response.status}`;
      // The receiver said what it will say again.
      if (
        response.status >= 400 &&
        response.status < 500 &&
        ![408, 429].includes(response.status)
      ) {
        return why;
      }
    } catch (error) {
      // The address may carry a token: of an error only its kind is said.
      const { cause } = error as { cause?: unknown };
      why = systemCode(cause) ?? (error instanceof Error ? error.name : 'failed');
    }
  }
  return why;
}

/** Standard Webhooks: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. */
export function headersOf(
  id: string,
  body: string,
  { secret, now }: Pick<Receiver, 'secret' | 'now'>,
): Record<string, string> {
  const timestamp = String(Math.floor(now().getTime() / 1000));
  return {
    'content-type': 'application/json',
    'user-agent': 'assay',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(secret !== undefined && {
      'webhook-signature': `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
    }),
  };
}

function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret, 'utf8');
}

/** @throws {HarnessError} USAGE for an address that messages must not be sent to */
export function checkAddress(address: string): void {
  const url = URL.parse?.(address) ?? (URL.canParse(address) ? new URL(address) : null);
  const local = url !== null && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && local)) return;
  throw new HarnessError('USAGE', 'the webhook secret holds no https address', {
    hint: 'nightly.webhook names an environment variable with the address; http is for this machine only.',
  });
}
