/** A cluster network: one pool, filled in batches; what does not come is not waited for behind our back. */
import type { LaunchRequest } from '../cloud/model.ts';
import { requestToken } from '../cloud/ownership.ts';
import { mayAgain, providerError } from '../cloud/problem.ts';
import { anything, isGone, pauseBefore } from '../cloud/rest.ts';
import { query, type Oci } from './client.ts';
import { isUnseen, type Launching } from './cluster.ts';
import { instanceBody, nameOf } from './instance-body.ts';
import { memberShape, networkShape, thingShape } from './shapes.ts';
import { tagsOf } from './tags.ts';
import { failureOf, type Why } from './work-requests.ts';

/** Seconds in which what was just made may be unknown to the next call. */
const LAG = 60;
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
  const { place } = launching;
  const { region } = place;
  const { id, instancePools } = await asked(oci, launching, request, signal);
  const [pool] = instancePools ?? [];
  const end = oci.clock.now() + patience * 1000;
  for (let turn = 0; ; turn += 1) {
    const { state, members } = await seen(oci, region, id, signal);
    if (members.length >= request.count) return members;
    const over = state === 'TERMINATED' || state === 'TERMINATING';
    const failure =
      over || pool !== undefined
        ? await failureOf(oci, region, pool?.id ?? id, undefined, signal)
        : undefined;
    const late = oci.clock.now() >= end;
    if (failure !== undefined || over || late) {
      const why: Why = failure ?? {
        reason: 'no-capacity',
        code: state,
        message: `${members.length} of ${request.count} machines came`,
      };
      await closed(oci, region, id, pool?.id, members.length, signal);
      throw providerError(why.reason, {
        provider: 'oci',
        operation: CREATE,
        where: region,
        ...why,
      });
    }
    await oci.clock.sleep(pauseBefore(turn, undefined), signal);
  }
}

async function asked(
  oci: Oci,
  { provision, place, address }: Launching,
  request: LaunchRequest,
  signal: AbortSignal,
) {
  const { compartment: compartmentId, clock } = oci;
  const { region, subnet: subnetId, 'availability-domain': availabilityDomain } = place;
  const { marks, token, count } = request;
  const displayName = nameOf(request);
  const freeformTags = tagsOf(marks, request.place);
  const launchDetails = instanceBody(provision, place, {
    ...request,
    compartment: compartmentId,
    address,
  });
  const configuration = await oci.call({
    operation: 'CreateInstanceConfiguration',
    method: 'POST',
    region,
    path: '/instanceConfigurations',
    retryToken: requestToken(40, token, 'configuration'),
    body: {
      compartmentId,
      displayName,
      freeformTags,
      source: 'NONE',
      instanceDetails: { instanceType: 'compute', launchDetails },
    },
    shape: thingShape,
    signal,
  });
  const made = clock.now();
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
      instancePools: [
        { instanceConfigurationId: configuration.value.id, size: count, displayName, freeformTags },
      ],
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
    patience: {
      again: (error) => mayAgain(error) || (isUnseen(error) && clock.now() - made < LAG * 1000),
    },
  });
  return value;
}

async function seen(
  oci: Oci,
  region: string,
  id: string,
  signal: AbortSignal,
): Promise<{ readonly state: string; readonly members: readonly string[] }> {
  const { value } = await oci.call({
    operation: 'GetClusterNetwork',
    method: 'GET',
    region,
    path: `/clusterNetworks/${id}`,
    shape: networkShape,
    signal,
  });
  return {
    state: value.lifecycleState ?? 'unknown',
    members: await membersOf(oci, region, id, signal),
  };
}

/** Ids of a network's members; none when it is gone. */
export async function membersOf(
  oci: Oci,
  region: string,
  id: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const list = await oci.list({
      operation: 'ListClusterNetworkInstances',
      region,
      path: `/clusterNetworks/${id}/instances${query({ compartmentId: oci.compartment })}`,
      item: memberShape,
      signal,
    });
    return list.map((one) => one.id);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** No machine comes any more: the pool is as large as what came, or the network goes. */
async function closed(
  oci: Oci,
  region: string,
  id: string,
  pool: string | undefined,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  const gone = size === 0 || pool === undefined;
  try {
    await oci.call({
      operation: gone ? 'TerminateClusterNetwork' : 'UpdateClusterNetwork',
      method: gone ? 'DELETE' : 'PUT',
      region,
      path: `/clusterNetworks/${id}`,
      ...(!gone && { body: { instancePools: [{ id: pool, size }] } }),
      shape: anything,
      signal,
      patience: { total: 60 },
    });
  } catch (error) {
    // It ended by itself; release looks for it again.
    if (!isGone(error) && !mayAgain(error)) throw error;
  }
}
