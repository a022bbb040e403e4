/** Slices of the TPU API as machines: a node is one or many hosts, a queued resource one or many nodes. */
import type { Listing, Machine } from '../cloud/model.ts';
import type { Gcp } from './client.ts';
import { last, queuedShape, tpuNodesShape, type QueuedResource, type TpuNode } from './shapes.ts';
import { factsOf } from './tpu-health.ts';

const LIFE: Readonly<Record<string, Machine['life']>> = {
  CREATING: 'starting',
  STARTING: 'starting',
  RESTARTING: 'starting',
  REIMAGING: 'starting',
  READY: 'running',
  DELETING: 'ended',
  PREEMPTED: 'ended',
  TERMINATED: 'ended',
};

/** Hosts of the named nodes and queued resources in these zones; worker order. */
export async function tpuMachines(
  gcp: Gcp,
  zones: readonly string[],
  named: { readonly nodes: readonly string[]; readonly queued: readonly string[] },
  address: 'private' | 'public',
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  const lists = await Promise.all(
    zones.map(async (zone) => {
      const wanted = new Set(named.nodes);
      if (named.queued.length > 0) {
        const { found } = await queuedIn(gcp, zone, signal);
        for (const one of found) {
          if (!named.queued.includes(last(one.name))) continue;
          for (const { nodeId } of one.tpu?.nodeSpec ?? []) wanted.add(nodeId ?? '');
        }
      }
      return (await nodesIn(gcp, zone, signal)).found
        .filter(({ name }) => wanted.has(last(name)))
        .flatMap((node) => workersOf(node, zone, address));
    }),
  );
  return lists.flat();
}

/** Nodes of a zone; the list knows no filter. */
export async function nodesIn(
  gcp: Gcp,
  zone: string,
  signal: AbortSignal,
): Promise<Listing<TpuNode>> {
  const pages = await gcp.pages({
    api: 'tpu',
    operation: 'nodes.list',
    path: `projects/${gcp.project}/locations/${zone}/nodes`,
    where: zone,
    signal,
    shape: tpuNodesShape,
  });
  return { found: pages.flatMap(({ nodes }) => nodes ?? []), blind: pages.flatMap(unreachableIn) };
}

/** Queued resources of a zone. */
export async function queuedIn(
  gcp: Gcp,
  zone: string,
  signal: AbortSignal,
): Promise<Listing<QueuedResource>> {
  const pages = await gcp.pages({
    api: 'tpu',
    operation: 'queuedResources.list',
    path: `projects/${gcp.project}/locations/${zone}/queuedResources`,
    where: zone,
    signal,
    shape: queuedShape,
  });
  return {
    found: pages.flatMap(({ queuedResources }) => queuedResources ?? []),
    blind: pages.flatMap(unreachableIn),
  };
}

function unreachableIn({
  unreachable = [],
}: {
  readonly unreachable?: readonly string[] | undefined;
}) {
  return unreachable.map((where) => ({ where, reason: 'unreachable' }));
}

/** One machine a network endpoint: the list is in worker order. */
export function workersOf(
  node: TpuNode,
  zone: string,
  address: 'private' | 'public',
): readonly Machine[] {
  const { name, state = 'UNKNOWN', networkEndpoints = [], createTime } = node;
  const since = Date.parse(createTime ?? '');
  return networkEndpoints.map(({ ipAddress, accessConfig }, worker): Machine => {
    const reach = address === 'public' ? (accessConfig?.externalIp ?? undefined) : ipAddress;
    return {
      id: `${name}/workers/${worker}`,
      where: zone,
      name: `${last(name)}-w${worker}`,
      life: LIFE[state] ?? 'held',
      state,
      ...(reach !== undefined && reach !== '' && { address: reach }),
      ...(ipAddress !== undefined && ipAddress !== '' && { fabricAddress: ipAddress }),
      domains: [{ kind: 'slice', id: `${zone}/${last(name)}`, from: 'provider' }],
      facts: factsOf(node, worker),
      ...(Number.isFinite(since) && { since }),
    };
  });
}
