/** Compute instances as machines of ours: one list for all zones, or one a zone. */
import type { Machine } from '../cloud/model.ts';
import type { Gcp } from './client.ts';
import { instancesEverywhere, instancesShape, last, type Instance } from './shapes.ts';
import { domainsOf } from './topology.ts';

/** Warnings of an aggregated list that mean "nobody could look", not "nothing there". */
const BLIND = new Set(['UNREACHABLE', 'LIST_OVERHEAD_QUOTA_EXCEED']);

/** What was seen, and where nobody could look. */
export interface Seen<T> {
  readonly found: readonly T[];
  readonly blind: readonly { readonly where: string; readonly reason: string }[];
}

/** Instances that fit a filter, in every zone. */
export async function instancesIn(
  gcp: Gcp,
  filter: string | undefined,
  signal: AbortSignal,
): Promise<Seen<Instance>> {
  const pages = await gcp.pages({
    operation: 'instances.aggregatedList',
    path: `projects/${gcp.project}/aggregated/instances?returnPartialSuccess=true${query(filter)}`,
    signal,
    shape: instancesEverywhere,
  });
  return {
    found: pages.flatMap(({ items }) =>
      Object.values(items ?? {}).flatMap(({ instances }) => instances ?? []),
    ),
    blind: pages.flatMap(blindIn),
  };
}

/** Instances of one zone. */
export async function instancesOfZone(
  gcp: Gcp,
  zone: string,
  filter: string | undefined,
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  const pages = await gcp.pages({
    operation: 'instances.list',
    path: `projects/${gcp.project}/zones/${zone}/instances?returnPartialSuccess=true${query(filter)}`,
    where: zone,
    signal,
    shape: instancesShape,
  });
  return pages.flatMap(({ items }) => items ?? []);
}

/** Part of a query string; empty without a filter. */
export function query(filter: string | undefined): string {
  return filter === undefined ? '' : `&filter=${encodeURIComponent(filter)}`;
}

/** Places of an aggregated answer that could not be looked at. */
export function blindIn(page: {
  readonly items?: Readonly<Record<string, { readonly warning?: Warning }>> | undefined;
  readonly unreachables?: readonly string[] | undefined;
  readonly warning?: Warning;
}): Seen<never>['blind'] {
  const of = (where: string, warning: Warning) =>
    warning?.code !== undefined && BLIND.has(warning.code)
      ? [{ where, reason: warning.message ?? warning.code }]
      : [];
  return [
    ...(page.unreachables ?? []).map((where) => ({ where, reason: 'unreachable' })),
    ...of('everywhere', page.warning),
    ...Object.entries(page.items ?? {}).flatMap(([where, { warning }]) => of(where, warning)),
  ];
}

type Warning =
  { readonly code?: string | undefined; readonly message?: string | undefined } | null | undefined;

const LIFE: Readonly<Record<string, Machine['life']>> = {
  PENDING: 'starting',
  PROVISIONING: 'starting',
  STAGING: 'starting',
  RUNNING: 'running',
  PENDING_STOP: 'ended',
  STOPPING: 'ended',
  STOPPED: 'ended',
  TERMINATED: 'ended',
  DEPROVISIONING: 'ended',
};

/** An instance as the frame knows machines. */
export function machineOf(
  instance: Instance,
  address: 'private' | 'public',
  type?: string,
): Machine {
  const { id, name, zone, status = 'unknown', statusMessage, creationTimestamp } = instance;
  const [first] = instance.networkInterfaces ?? [];
  const near = first?.networkIP ?? undefined;
  const far = first?.accessConfigs?.find(({ natIP }) => typeof natIP === 'string')?.natIP;
  const reach = address === 'public' ? (far ?? undefined) : near;
  // A state that we don't know can't be used.
  const life = LIFE[status] ?? 'held';
  const since = Date.parse(creationTimestamp ?? '');
  return {
    id,
    where: last(zone),
    name,
    life,
    state: status,
    ...(life === 'ended' && {
      why: {
        reason: 'transient' as const,
        code: status,
        message: statusMessage ?? 'it stopped by itself',
      },
    }),
    ...(reach !== undefined && reach !== '' && { address: reach }),
    ...(near !== undefined && near !== '' && { fabricAddress: near }),
    domains: domainsOf(instance, type),
    ...(Number.isFinite(since) && { since }),
  };
}
