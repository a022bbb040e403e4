/** A GPU memory cluster: the hosts of one NVLink domain (GB200, GB300), in the compute cluster of their place. */
import type { LaunchRequest } from '../cloud/model.ts';
import { requestToken } from '../cloud/ownership.ts';
import { anything } from '../cloud/rest.ts';
import type { Oci } from './client.ts';
import type { ClusterLaunches, Launching } from './cluster.ts';
import { nameOf } from './instance-body.ts';
import { membersOf } from './members.ts';
import { configured, filled, unseenAgain } from './pool.ts';
import { thingShape } from './shapes.ts';
import { tagsOf } from './tags.ts';

/** Hosts of a fabric: a rack. */
export const FABRIC = 18;
const CREATE = 'CreateComputeGpuMemoryCluster';

/**
 * Makes cluster, configuration and memory cluster, and waits until it is full or has failed.
 *
 * @param patience seconds for it to fill
 * @returns ids of its members
 * @throws {HarnessError} why it is not full; members that came stay, and none comes after
 */
export async function makeMemoryCluster(
  oci: Oci,
  clusters: ClusterLaunches,
  launching: Launching,
  request: LaunchRequest,
  patience: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { compartment: compartmentId } = oci;
  const { place } = launching;
  const { region, 'availability-domain': availabilityDomain } = place;
  const gpuMemoryFabricId = place['gpu-memory-fabric'];
  const cluster = await clusters.at(place, request, signal);
  const configuration = await configured(oci, launching, request, signal);
  const { value } = await oci.call({
    operation: CREATE,
    method: 'POST',
    region,
    path: '/computeGpuMemoryClusters',
    kind: 'launch',
    retryToken: requestToken(40, request.token, 'memory cluster'),
    body: {
      availabilityDomain,
      compartmentId,
      computeClusterId: cluster.id,
      instanceConfigurationId: configuration.id,
      ...(gpuMemoryFabricId !== undefined && { gpuMemoryFabricId }),
      // No scale configuration: it would add machines later, when nobody waits for them.
      size: request.count,
      displayName: nameOf(request),
      freeformTags: tagsOf(request.marks, request.place),
    },
    shape: thingShape,
    signal,
    patience: { again: unseenAgain(oci, configuration.made) },
  });
  const path = `/computeGpuMemoryClusters/${value.id}`;
  const pool = {
    operation: CREATE,
    region,
    told: value.id,
    async seen() {
      const { value: now } = await oci.call({
        operation: 'GetComputeGpuMemoryCluster',
        method: 'GET',
        region,
        path,
        shape: thingShape,
        signal,
      });
      // Its size counts machines that are still to come.
      const members = await membersOf(oci, region, 'computeGpuMemoryClusters', value.id, signal);
      return { state: now.lifecycleState ?? 'unknown', members };
    },
    async close(size: number) {
      await oci.call({
        operation: size === 0 ? 'DeleteComputeGpuMemoryCluster' : 'UpdateComputeGpuMemoryCluster',
        method: size === 0 ? 'DELETE' : 'PUT',
        region,
        path,
        ...(size > 0 && { body: { size } }),
        shape: anything,
        signal,
        patience: { total: 60 },
      });
    },
  };
  return filled(oci, pool, request, patience, signal);
}
