/** A cluster network: one pool, filled in batches. */
import type { LaunchRequest } from '../cloud/model.ts';
import { requestToken } from '../cloud/ownership.ts';
import { anything } from '../cloud/rest.ts';
import type { Oci } from './client.ts';
import type { Launching } from './cluster.ts';
import { nameOf } from './instance-body.ts';
import { membersOf } from './members.ts';
import { configured, filled, unseenAgain } from './pool.ts';
import { networkShape } from './shapes.ts';
import { tagsOf } from './tags.ts';

const CREATE = 'CreateClusterNetwork';

/**
 * Makes a configuration and a network of it, and waits until its pool is full or has failed.
 *
 * @param patience seconds for the pool to fill
 * @returns ids of its members
 * @throws {HarnessError} why it is not full; members that came stay, and none comes after
 */
export async function makeNetwork(
  oci: Oci,
  launching: Launching,
  request: LaunchRequest,
  patience: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { region } = launching.place;
  const { id, instancePools } = await asked(oci, launching, request, signal);
  const path = `/clusterNetworks/${id}`;
  const [first] = instancePools ?? [];
  const pool = {
    operation: CREATE,
    region,
    told: first?.id ?? id,
    async seen() {
      const { value } = await oci.call({
        operation: 'GetClusterNetwork',
        method: 'GET',
        region,
        path,
        shape: networkShape,
        signal,
      });
      const members = await membersOf(oci, region, 'clusterNetworks', id, signal);
      return { state: value.lifecycleState ?? 'unknown', members };
    },
    async close(size: number) {
      const gone = size === 0 || first === undefined;
      await oci.call({
        operation: gone ? 'TerminateClusterNetwork' : 'UpdateClusterNetwork',
        method: gone ? 'DELETE' : 'PUT',
        region,
        path,
        ...(!gone && { body: { instancePools: [{ id: first.id, size }] } }),
        shape: anything,
        signal,
        patience: { total: 60 },
      });
    },
  };
  return filled(oci, pool, request, patience, signal);
}

async function asked(oci: Oci, launching: Launching, request: LaunchRequest, signal: AbortSignal) {
  const { compartment: compartmentId } = oci;
  const { place } = launching;
  const { region, subnet: subnetId, 'availability-domain': availabilityDomain } = place;
  const { marks, token, count } = request;
  const displayName = nameOf(request);
  const freeformTags = tagsOf(marks, request.place);
  const { id: instanceConfigurationId, made } = await configured(oci, launching, request, signal);
  const { 'hpc-island': hpcIslandId, 'network-blocks': networkBlockIds } = place;
  const { value } = await oci.call({
    operation: CREATE,
    method: 'POST',
    region,
    path: '/clusterNetworks',
    retryToken: requestToken(40, token, 'network'),
    body: {
      compartmentId,
      displayName,
      freeformTags,
      instancePools: [{ instanceConfigurationId, size: count, displayName, freeformTags }],
      placementConfiguration: { availabilityDomain, primaryVnicSubnets: { subnetId } },
      ...(hpcIslandId !== undefined && {
        clusterConfiguration: {
          hpcIslandId,
          ...(networkBlockIds !== undefined && { networkBlockIds }),
        },
      }),
    },
    shape: networkShape,
    signal,
    patience: { again: unseenAgain(oci, made) },
  });
  return value;
}
