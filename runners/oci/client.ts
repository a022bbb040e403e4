/** OCI's compute, network and identity services over fetch: regional, signed, pages followed, paced. */
import { z } from 'zod';
import type { Clock } from '../cloud/clock.ts';
import { buckets, type Limit } from '../cloud/pace.ts';
import { allPages, restClient, type Answered, type RestCall } from '../cloud/rest.ts';
import { refusedBy } from './errors.ts';
import { compartmentShape, regionShape } from './shapes.ts';
import { signing, type SigningOptions } from './signing.ts';

/** Version of the wire protocol, of every service that is used. */
const VERSION = '20160918';

/** OCI publishes no rates: these were never refused to others (docs/providers/oci.md), a region each. */
const LIMITS = {
  launch: { size: 10, refill: 5 },
  read: { size: 50, refill: 20 },
  write: { size: 20, refill: 10 },
} as const satisfies Record<string, Limit>;

/** A call as this client is given it. */
export type OciCall<T> = Omit<RestCall<T>, 'url' | 'pace' | 'where' | 'headers'> & {
  readonly region: string;
  /** Below the version: "/instances?compartmentId=…". */
  readonly path: string;
  readonly service?: 'iaas' | 'identity';
  readonly kind?: keyof typeof LIMITS;
  /** The same call, however often it is sent; ≤ 64 characters. */
  readonly retryToken?: string;
  /** Only if nobody changed it since. */
  readonly ifMatch?: string;
};

/** The services, for one compartment. */
export interface Oci {
  readonly clock: Clock;
  readonly compartment: string;
  readonly call: <T>(call: OciCall<T>) => Promise<Answered<T>>;
  /** Every item; bare arrays and `items` alike. */
  list<T>(
    call: Omit<OciCall<T>, 'method' | 'shape'> & { readonly item: z.ZodType<T> },
  ): Promise<readonly T[]>;
  /** OCID of the tenancy; undefined: neither plan nor credentials tell. */
  tenancy(): Promise<string | undefined>;
  /** Regions that the tenancy has. @throws {HarnessError} PROVIDER_* */
  regions(from: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Compartments of the tenancy, itself among them. @throws {HarnessError} PROVIDER_* */
  compartments(from: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** What the client is made with. */
export interface OciClientOptions extends SigningOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly compartment: string;
  readonly tenancy?: string;
  /** What stands in for OCI: its regions are folders below. */
  readonly endpoint?: string;
}

/** Items of a page. */
const PAGE_SIZE = 500;

/** @throws {HarnessError} PROVIDER_PACKAGE_MISSING */
export async function connectOci(options: OciClientOptions): Promise<Oci> {
  const { clock, random, compartment, endpoint } = options;
  const signer = await signing(options);
  const origins = new Set<string>();
  const rest = restClient({
    provider: 'oci',
    clock,
    random,
    origins,
    authorise: signer.authorise,
    refused: refusedBy,
  });
  const paceOf = buckets(clock);
  const base = (service: 'iaas' | 'identity', region: string) => {
    const url =
      endpoint === undefined ? signer.origin(service, region) : new URL(region, endpoint).href;
    origins.add(new URL(url).origin);
    return `${url}/${VERSION}`;
  };
  const call: Oci['call'] = ({
    region,
    path,
    service = 'iaas',
    kind,
    retryToken,
    ifMatch,
    ...more
  }) => {
    const drawn = kind ?? (more.method === 'GET' ? 'read' : 'write');
    return rest({
      ...more,
      where: region,
      url: new URL(`${base(service, region)}${path}`).href,
      pace: paceOf(`${region} ${drawn}`, LIMITS[drawn]),
      headers: {
        ...(retryToken !== undefined && { 'opc-retry-token': retryToken }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      },
    });
  };
  const tenancy = async () => options.tenancy ?? signer.tenancy();
  const list: Oci['list'] = ({ item, path, ...more }) => {
    const wrapped = z.object({ items: z.array(item) }).transform(({ items }) => items);
    const shape = z.union([z.array(item), wrapped]);
    const first = `${path}${path.includes('?') ? '&' : '?'}limit=${PAGE_SIZE}`;
    return allPages(async (page) => {
      const link = page === undefined ? '' : `&page=${encodeURIComponent(page)}`;
      const { value, headers } = await call({
        ...more,
        method: 'GET',
        path: `${first}${link}`,
        shape,
      });
      return { items: value, next: headers.get('opc-next-page') ?? undefined };
    });
  };
  return {
    clock,
    compartment,
    call,
    list,
    tenancy,
    async regions(from, signal) {
      const { value } = await call({
        operation: 'ListRegionSubscriptions',
        method: 'GET',
        region: from,
        service: 'identity',
        path: `/tenancies/${(await tenancy()) ?? ''}/regionSubscriptions`,
        shape: z.array(regionShape),
        signal,
      });
      return value.map(({ regionName }) => regionName);
    },
    async compartments(region, signal) {
      const root = (await tenancy()) ?? '';
      const below = await list({
        operation: 'ListCompartments',
        region,
        service: 'identity',
        path: `/compartments${query({ compartmentId: root, compartmentIdInSubtree: 'true', accessLevel: 'ACCESSIBLE' })}`,
        item: compartmentShape,
        signal,
      });
      const living = below.filter(({ lifecycleState = 'ACTIVE' }) => lifecycleState === 'ACTIVE');
      return [root, ...living.map(({ id }) => id)];
    },
  };
}

/** Part of a query string. */
export function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const parts = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
