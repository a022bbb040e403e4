/** Machines that are there already: by id, name, tag, reservation, cluster, network, pool; nothing is made or deleted. */
import type { Machine } from '../cloud/model.ts';
import type { Slot } from '../cloud/provision.ts';
import { isGone } from '../cloud/rest.ts';
import type { Oci } from './client.ts';
import { listInstances, machinesOf } from './machines.ts';
import { listMembers } from './members.ts';
import type { Attach } from './options.ts';
import type { Instance } from './shapes.ts';
import { placedByHosts } from './topology.ts';

/**
 * Slots in a stable order: the plan's where it names them, else by region, name and id.
 *
 * @throws {HarnessError} PROVIDER_*
 */
export async function attachInstances(
  oci: Oci,
  attach: Attach,
  address: 'private' | 'public',
  signal: AbortSignal,
): Promise<readonly Slot[]> {
  const lists = await Promise.all(
    attach.regions.map(async (region) => {
      const instances = await instancesOf(oci, region, attach, signal);
      return machinesOf(oci, region, instances, address, signal);
    }),
  );
  const found = await placedByHosts(oci, lists.flat(), signal);
  const named = attach.ids ?? attach.names;
  if (named === undefined) {
    // What ended lately stays listed for half a day, and was never delivered.
    return found
      .filter(({ life }) => life !== 'ended')
      .sort(byPlace)
      .map(slotOf);
  }
  const by = attach.ids === undefined ? 'name' : 'id';
  const machines = new Map<string, Machine>();
  for (const machine of found) {
    const key = machine[by] ?? '';
    // A name may be that of one that ended, too.
    if (machine.life !== 'ended' || !machines.has(key)) machines.set(key, machine);
  }
  return named.map((one) => {
    const machine = machines.get(one);
    return machine === undefined
      ? { slot: one, code: 'PROVIDER_GONE', reason: `${one} is not there` }
      : slotOf(machine);
  });
}

async function instancesOf(
  oci: Oci,
  region: string,
  attach: Attach,
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  const { ids, names, tags = {} } = attach;
  const members = await membersOf(oci, region, attach, signal);
  const filter = {
    capacityReservationId: attach['capacity-reservation'],
    computeClusterId: attach['compute-cluster'],
  };
  const all = await listInstances(oci, region, filter, signal);
  return all.filter(
    ({ id, displayName, freeformTags }) =>
      (ids === undefined || ids.includes(id)) &&
      (names === undefined || names.includes(displayName ?? '')) &&
      members.every((list) => list.has(id)) &&
      Object.entries(tags).every(([key, value]) => freeformTags?.[key] === value),
  );
}

/** Ids of what the plan's network, pool and GPU memory cluster hold; each must hold a machine. */
async function membersOf(
  oci: Oci,
  region: string,
  attach: Attach,
  signal: AbortSignal,
): Promise<readonly ReadonlySet<string>[]> {
  const holders = [
    ['clusterNetworks', attach['cluster-network']],
    ['instancePools', attach['instance-pool']],
    ['computeGpuMemoryClusters', attach['gpu-memory-cluster']],
  ] as const;
  return Promise.all(
    holders.flatMap(([holder, id]) =>
      id === undefined
        ? []
        : [
            listMembers(oci, region, holder, id, signal)
              .then((list) => new Set(list))
              .catch((error: unknown) => {
                // It is in another of the plan's regions.
                if (isGone(error) && attach.regions.length > 1) return new Set<string>();
                throw error;
              }),
          ],
    ),
  );
}

function slotOf(machine: Machine): Slot {
  const { id, name = id, life, state } = machine;
  if (life === 'running' || life === 'starting') return { machine };
  return { slot: name, code: 'PROVIDER_GONE', reason: `${name} is ${state}` };
}

function byPlace(a: Machine, b: Machine): number {
  const key = ({ where, name = '', id }: Machine) => `${where} ${name} ${id}`;
  return key(a) < key(b) ? -1 : 1;
}
