/** Compute Engine and the TPU API over fetch: pages followed, operations waited for, paced by the published limits. */
import type { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import type { Clock } from '../cloud/clock.ts';
import { optionalPackage } from '../cloud/optional-package.ts';
import { buckets, type Limit } from '../cloud/pace.ts';
import { providerError } from '../cloud/problem.ts';
import {
  allPages,
  bearer,
  pauseBefore,
  restClient,
  type Answered,
  type RestCall,
} from '../cloud/rest.ts';
import { operationFailed, refusedBy, type Cause } from './errors.ts';
import { operationShape, type errorShape } from './shapes.ts';

/** Ends of host names that are Google's own. */
export const OWN_HOSTS = ['.googleapis.com'];
const COMPUTE = 'https://compute.googleapis.com';
const TPU = 'https://tpu.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Requests, by project. bulkInsert: 20 a second. The others by Compute's default rate quotas, 1,500 in each minute
 * for reads and for mutations: 60 at once and 24 a second are never more than that in any minute.
 */
const LIMITS = {
  bulk: { size: 20, refill: 10 },
  read: { size: 60, refill: 24 },
  write: { size: 60, refill: 24 },
} as const satisfies Record<string, Limit>;

type Kind = keyof typeof LIMITS;

/** A call of either API. */
export type GcpCall<T> = Omit<RestCall<T>, 'url' | 'pace'> & {
  /** Below "/compute/v1/", or below "/v2/" where `api` says tpu. */
  readonly path: string;
  readonly api?: 'compute' | 'tpu';
  readonly kind?: Kind;
};

/** The two APIs, for one project. */
export interface Gcp {
  readonly clock: Clock;
  readonly project: string;
  readonly call: <T>(call: GcpCall<T>) => Promise<Answered<T>>;
  /** Every page's answer. */
  pages<T extends { readonly nextPageToken?: string | null | undefined }>(
    call: Omit<GcpCall<T>, 'method'> & { readonly method?: 'GET' | 'POST' },
  ): Promise<readonly T[]>;
  /**
   * Waits for an operation of Compute.
   *
   * @param of path above it: "projects/P/zones/Z"
   * @throws {HarnessError} its failure
   */
  done(of: string, name: string, operation: string, signal: AbortSignal): Promise<void>;
}

/** What the client is made with. */
export interface GcpClientOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly project: string;
  readonly endpoint?: string;
  /** No credentials are looked for: what stands in for Google takes any. */
  readonly standIn: boolean;
  redact(value: string): void;
}

/** Items of a page: the most that Compute gives. */
const PAGE_SIZE = 500;

/** @throws {HarnessError} PROVIDER_PACKAGE_MISSING */
export async function connectGcp(options: GcpClientOptions): Promise<Gcp> {
  const { clock, random, project, endpoint } = options;
  const compute = new URL('/compute/v1/', endpoint ?? COMPUTE);
  const tpu = new URL('/v2/', endpoint ?? TPU);
  const rest = restClient({
    provider: 'gcp',
    clock,
    random,
    origins: new Set([compute.origin, tpu.origin]),
    authorise: bearer(await tokens(options)),
    refused: refusedBy,
  });
  const paceOf = buckets(clock);
  const call: Gcp['call'] = ({ path, api = 'compute', kind, ...more }) => {
    const drawn = kind ?? (more.method === 'GET' ? 'read' : 'write');
    const pace = paceOf(drawn, LIMITS[drawn]);
    return rest({ ...more, url: new URL(path, api === 'tpu' ? tpu : compute).href, pace });
  };
  return {
    clock,
    project,
    call,
    pages({ method = 'GET', path, ...more }) {
      const size = more.api === 'tpu' ? 'pageSize' : 'maxResults';
      const first = `${path}${path.includes('?') ? '&' : '?'}${size}=${PAGE_SIZE}`;
      return allPages(async (token) => {
        const link = token === undefined ? '' : `&pageToken=${encodeURIComponent(token)}`;
        const { value } = await call({ ...more, method, path: `${first}${link}` });
        return { items: [value], next: value.nextPageToken ?? undefined };
      });
    },
    async done(of, name, operation, signal) {
      for (let turn = 0; ; turn += 1) {
        const { value } = await call({
          operation: 'operations.get',
          method: 'GET',
          path: `${of}/operations/${name}`,
          signal,
          where: of,
          shape: operationShape,
        });
        if (value.status === 'DONE') {
          const errors = value.error?.errors ?? [];
          if (errors.length > 0) throw operationFailed(errors.map(causeIn), operation, of);
          return;
        }
        await clock.sleep(pauseBefore(turn, undefined), signal);
      }
    },
  };
}

/** An operation's error; a stock-out names the zones to try. */
export function causeIn({
  code = '',
  message = '',
  errorDetails,
}: z.output<typeof errorShape>): Cause {
  const zones = errorDetails
    ?.map((one) => one.errorInfo?.metadatas?.['zonesAvailable'])
    .find((one) => one !== undefined && one !== '');
  return { code, message: zones === undefined ? message : `${message} (zones to try: ${zones})` };
}

async function tokens(options: GcpClientOptions): Promise<(renew: boolean) => Promise<string>> {
  const { standIn } = options;
  if (standIn) return () => Promise.resolve('stand-in');
  const { GoogleAuth } = await optionalPackage(
    'google-auth-library',
    () => import('google-auth-library'),
  );
  let auth = new GoogleAuth({ scopes: [SCOPE] });
  return async (renew) => {
    // The library keeps a token until shortly before its end: another one comes from another client only.
    if (renew) auth = new GoogleAuth({ scopes: [SCOPE] });
    try {
      const token = await auth.getAccessToken();
      if (typeof token !== 'string') throw new Error('no token came');
      options.redact(token);
      return token;
    } catch (error) {
      if (error instanceof HarnessError || !(error instanceof Error)) throw error;
      throw providerError('credentials', {
        provider: 'gcp',
        operation: 'getAccessToken',
        code: 'CREDENTIALS_MISSING',
        message: error.message,
        cause: error,
      });
    }
  };
}
