/** Slices of the TPU API: a node is one or many hosts, a queued resource one or many nodes. Attached, never made here. */
import type { Machine } from '../cloud/model.ts';
import type { Gcp } from './client.ts';
import { last, queuedShape, tpuNodesShape, type TpuNode } from './shapes.ts';

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
      const of = `projects/${gcp.project}/locations/${zone}`;
      const wanted = new Set(named.nodes);
      if (named.queued.length > 0) {
        for (const node of await nodesOf(gcp, of, named.queued, signal)) wanted.add(node);
      }
      // The list knows no filter.
      const pages = await gcp.pages({
        api: 'tpu',
        operation: 'nodes.list',
        path: `${of}/nodes`,
        where: zone,
        signal,
        shape: tpuNodesShape,
      });
      return pages
        .flatMap(({ nodes }) => nodes ?? [])
        .filter(({ name }) => wanted.has(last(name)))
        .flatMap((node) => hostsOf(node, zone, address));
    }),
  );
  return lists.flat();
}

async function nodesOf(
  gcp: Gcp,
  of: string,
  queued: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const pages = await gcp.pages({
    api: 'tpu',
    operation: 'queuedResources.list',
    path: `${of}/queuedResources`,
    where: last(of),
    signal,
    shape: queuedShape,
  });
  return pages
    .flatMap(({ queuedResources }) => queuedResources ?? [])
    .filter(({ name }) => queued.includes(last(name)))
    .flatMap(({ tpu }) => tpu?.nodeSpec ?? [])
    .flatMap(({ nodeId }) => nodeId ?? []);
}

/** One machine a network endpoint: the list is in worker order. */
function hostsOf(node: TpuNode, zone: string, address: 'private' | 'public'): readonly Machine[] {
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
      domains: [{ kind: 'slice', id: name, from: 'provider' }],
      ...(Number.isFinite(since) && { since }),
    };
  });
}
