/** Azure Resource Manager over fetch: lists followed, operations polled, paced by the published limits. */
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import type { Clock } from '../cloud/clock.ts';
import { optionalPackage } from '../cloud/optional-package.ts';
import { buckets, type Limit } from '../cloud/pace.ts';
import { providerError } from '../cloud/problem.ts';
import {
  allPages,
  anything,
  bearer,
  isGone,
  pauseBefore,
  restClient,
  retryAfter,
  type Answered,
  type RestCall,
} from '../cloud/rest.ts';
import { operationFailed, refusedBy } from './errors.ts';

/** Hosts of Azure's clouds: public, US government, China. */
export const OWN_HOSTS = [
  'management.azure.com',
  'management.usgovcloudapi.net',
  'management.chinacloudapi.cn',
];

/** Versions of the wire protocol, a provider each. */
export const VERSION = {
  compute: '2026-03-01',
  network: '2025-05-01',
  /** Lists of a scale set's addresses know this one only. */
  setNetwork: '2018-10-01',
  resources: '2025-04-01',
  impact: '2023-02-01-preview',
} as const;

/**
 * Per subscription (and region), tokens a minute as published for the compute provider; Resource Manager's
 * own buckets (250 reads, 200 writes and deletes at once) are larger than what we use of them.
 */
const LIMITS = {
  'set-put': perMinute(125),
  'set-delete': perMinute(175),
  'set-read': perMinute(360),
  'set-vm-delete': perMinute(500),
  'vm-list': perMinute(300),
  operation: perMinute(5000),
  other: { size: 200, refill: 10 },
} as const satisfies Record<string, Limit>;

type Kind = keyof typeof LIMITS;

/** A call as this client is given it: a path, or a link that an answer gave. */
export type ArmCall<T> = Omit<RestCall<T>, 'url' | 'pace'> & {
  /** "/subscriptions/…" with its query, or a whole link. */
  readonly path: string;
  readonly kind?: Kind;
};

/** Where something that was begun can be asked after. */
export interface Begun {
  /** Link of the operation; absent: it was done at once. */
  readonly operation?: string;
  /** It is the `Location` of an older kind: 202 while it runs. */
  readonly plain: boolean;
  readonly retryAfter?: number;
}

/** What an operation has come to. */
export type Progress =
  | { readonly state: 'running'; readonly retryAfter?: number }
  | { readonly state: 'done' }
  | { readonly state: 'failed'; readonly error: HarnessError };

/** Resource Manager, for one subscription. */
export interface Arm {
  readonly clock: Clock;
  /** "/subscriptions/…" */
  readonly scope: string;
  readonly call: <T>(call: ArmCall<T>) => Promise<Answered<T>>;
  /** Every item, links followed; `item` that does not fit fails the call. */
  list<T>(
    call: Omit<ArmCall<T>, 'method' | 'shape'> & { item: z.ZodType<T> },
  ): Promise<readonly T[]>;
  progress(begun: Begun, operation: string, signal: AbortSignal): Promise<Progress>;
  /** Until it has ended. @throws {HarnessError} its failure */
  ended(begun: Begun, operation: string, signal: AbortSignal): Promise<void>;
}

/** What the client is made with. */
export interface ArmOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly subscription: string;
  readonly tenant?: string;
  readonly endpoint?: string;
  /** No credentials are looked for: what stands in for Azure takes any. */
  readonly standIn: boolean;
  redact(value: string): void;
}

const operationShape = z.object({ status: z.string().optional(), error: z.unknown().optional() });

/** @throws {HarnessError} PROVIDER_PACKAGE_MISSING */
export async function connectArm(options: ArmOptions): Promise<Arm> {
  const { clock, random, subscription, endpoint = `https://${OWN_HOSTS[0]}` } = options;
  const base = new URL(endpoint);
  const rest = restClient({
    provider: 'azure',
    clock,
    random,
    origins: new Set([base.origin]),
    authorise: bearer(await tokens(options, base)),
    refused: refusedBy,
  });
  const paceOf = buckets(clock);
  const call = <T>({ path, kind = 'other', ...more }: ArmCall<T>) =>
    rest({ ...more, url: new URL(path, base).href, pace: paceOf(kind, LIMITS[kind]) });
  const progress: Arm['progress'] = async ({ operation: link, plain }, operation, signal) => {
    if (link === undefined) return { state: 'done' };
    const { status, headers, value } = await call({
      operation: `${operation} (status)`,
      method: 'GET',
      path: link,
      kind: 'operation',
      signal,
      shape: operationShape.optional(),
    });
    const after = retryAfter(headers, Date.now());
    const running = {
      state: 'running' as const,
      ...(after !== undefined && { retryAfter: after }),
    };
    if (plain) return status === 202 ? running : { state: 'done' };
    // HTTP says 200 also when it failed.
    if (value?.status === 'Succeeded') return { state: 'done' };
    if (value?.status !== 'Failed' && value?.status !== 'Canceled') return running;
    const where = value.status === 'Canceled' ? 'canceled' : subscription;
    return { state: 'failed', error: operationFailed(value.error, operation, where) };
  };
  return {
    clock,
    scope: `/subscriptions/${subscription}`,
    call,
    progress,
    list({ item, ...more }) {
      const shape = z.object({ value: z.array(item).optional(), nextLink: z.string().nullish() });
      return allPages(async (link) => {
        const { value } = await call({ ...more, method: 'GET', path: link ?? more.path, shape });
        return { items: value.value ?? [], next: value.nextLink ?? undefined };
      });
    },
    async ended(begun, operation, signal) {
      for (let turn = 0, wait = begun.retryAfter; ; turn += 1) {
        const now = await progress(begun, operation, signal);
        if (now.state === 'done') return;
        if (now.state === 'failed') throw now.error;
        await clock.sleep(pauseBefore(turn, wait), signal);
        wait = now.retryAfter;
      }
    },
  };
}

/** What an answer says about the operation that it began. */
export function begun({ status, headers }: Answered<unknown>): Begun {
  const operation = headers.get('azure-asyncoperation');
  const location = headers.get('location');
  const link = operation ?? (status === 202 ? location : null);
  const after = retryAfter(headers, Date.now());
  return {
    plain: operation === null,
    ...(link !== null && { operation: link }),
    ...(after !== undefined && { retryAfter: after }),
  };
}

/** Deletes by path: 404 is done. */
export async function deleteAt(
  arm: Arm,
  operation: string,
  path: string,
  kind: Kind,
  signal: AbortSignal,
): Promise<void> {
  try {
    await arm.call({ operation, method: 'DELETE', path, kind, signal, shape: anything });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function perMinute(tokens: number): Limit {
  return { size: tokens, refill: tokens / 60 };
}

/** Milliseconds before its end at which a token is renewed. */
const MARGIN = 300_000;

async function tokens(
  options: ArmOptions,
  base: URL,
): Promise<(renew: boolean) => Promise<string>> {
  const { standIn, tenant } = options;
  if (standIn) return () => Promise.resolve('stand-in');
  const { DefaultAzureCredential } = await optionalPackage(
    '@azure/identity',
    () => import('@azure/identity'),
  );
  const credential = new DefaultAzureCredential(tenant === undefined ? {} : { tenantId: tenant });
  let held: { readonly token: string; readonly end: number } | undefined;
  return async (renew) => {
    if (held !== undefined && !renew && held.end - Date.now() > MARGIN) return held.token;
    try {
      const { token, expiresOnTimestamp } = await credential.getToken(`${base.origin}/.default`);
      options.redact(token);
      held = { token, end: expiresOnTimestamp };
      return token;
    } catch (error) {
      if (error instanceof HarnessError || !(error instanceof Error)) throw error;
      const { name, message } = error;
      const said = { provider: 'azure', operation: 'getToken', code: name, message, cause: error };
      throw providerError('credentials', said);
    }
  };
}
