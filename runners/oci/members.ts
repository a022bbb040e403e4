/** Members of what holds machines: cluster networks, instance pools, GPU memory clusters. */
import { isGone } from '../cloud/rest.ts';
import { query, type Oci } from './client.ts';
import { memberShape } from './shapes.ts';

/** The list of each holder, and whether it wants to know the compartment. */
const LISTS = {
  clusterNetworks: ['ListClusterNetworkInstances', true],
  instancePools: ['ListInstancePoolInstances', true],
  computeGpuMemoryClusters: ['ListComputeGpuMemoryClusterInstances', false],
} as const;

/** What holds machines, by its place in paths. */
export type Holder = keyof typeof LISTS;

/** Ids of the members that are not ended. @throws {HarnessError} PROVIDER_* */
export async function listMembers(
  oci: Oci,
  region: string,
  holder: Holder,
  id: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [operation, within] = LISTS[holder];
  const list = await oci.list({
    operation,
    region,
    path: `/${holder}/${id}/instances${query(within ? { compartmentId: oci.compartment } : {})}`,
    item: memberShape,
    signal,
  });
  return list
    .filter(({ lifecycleState }) => lifecycleState?.startsWith('TERMINAT') !== true)
    .map((one) => one.id);
}

/** The same; none when the holder is gone. */
export async function membersOf(
  oci: Oci,
  region: string,
  holder: Holder,
  id: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await listMembers(oci, region, holder, id, signal);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}
