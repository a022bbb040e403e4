/** Machines that are there already: by name, id, label, reservation, group, TPU node; nothing is made or deleted. */
import type { Machine } from '../cloud/model.ts';
import type { Slot } from '../cloud/provision.ts';
import type { Gcp } from './client.ts';
import { instancesIn, instancesOfZone, machineOf } from './machines.ts';
import type { Attach } from './options.ts';
import { last, membersShape, type Instance } from './shapes.ts';
import { tpuMachines } from './tpu.ts';

type Address = 'private' | 'public';

/**
 * Slots in a stable order: the plan's where it names them, else by zone and name.
 *
 * @throws {HarnessError} PROVIDER_*
 */
export async function attachInstances(
  gcp: Gcp,
  attach: Attach,
  address: Address,
  signal: AbortSignal,
): Promise<readonly Slot[]> {
  const { zones = [], 'tpu-nodes': nodes = [], 'queued-resources': queued = [] } = attach;
  if (nodes.length + queued.length > 0) {
    const machines = await tpuMachines(gcp, zones, { nodes, queued }, address, signal);
    const missing = nodes.filter(
      (name) => !machines.some(({ id }) => id.includes(`/nodes/${name}/`)),
    );
    return [...machines.map(slotOf), ...missing.map(gone)];
  }
  const found = (await listed(gcp, attach, signal)).map((one) => machineOf(one, address));
  const named = attach.names ?? attach.ids;
  if (named === undefined) {
    return found
      .sort((a, b) => compare(a.where, b.where) || compare(a.name ?? '', b.name ?? ''))
      .map(slotOf);
  }
  const by = attach.names === undefined ? 'id' : 'name';
  const machines = new Map(found.map((machine) => [machine[by] ?? '', machine]));
  return named.map((one) => {
    const machine = machines.get(one);
    return machine === undefined ? gone(one) : slotOf(machine);
  });
}

async function listed(gcp: Gcp, attach: Attach, signal: AbortSignal): Promise<readonly Instance[]> {
  const { zones, labels = {}, reservation, 'instance-group': group, names, ids } = attach;
  const filters = Object.entries(labels).map(([key, value]) => `(labels.${key} = "${value}")`);
  const filter = filters.length === 0 ? undefined : filters.join(' AND ');
  const lists =
    zones === undefined
      ? [(await instancesIn(gcp, filter, signal)).found]
      : await Promise.all(zones.map((zone) => instancesOfZone(gcp, zone, filter, signal)));
  const members =
    group === undefined ? undefined : await membersOf(gcp, zones ?? [], group, signal);
  return lists.flat().filter((one) => {
    // What is asked for is not always what was got: only this says which reservation it is in.
    const consumed = one.resourceStatus?.reservationConsumptionInfo?.consumedReservation;
    if (reservation !== undefined && !isIn(consumed, reservation)) return false;
    if (members !== undefined && !members.has(`${last(one.zone)}/${one.name}`)) return false;
    if (names !== undefined) return names.includes(one.name);
    return ids === undefined || ids.includes(one.id);
  });
}

/** "zone/name" of a group's members. */
async function membersOf(
  gcp: Gcp,
  zones: readonly string[],
  group: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const lists = await Promise.all(
    zones.map(async (zone) => {
      const pages = await gcp.pages({
        operation: 'instanceGroupManagers.listManagedInstances',
        method: 'POST',
        path: `projects/${gcp.project}/zones/${zone}/instanceGroupManagers/${group}/listManagedInstances`,
        where: zone,
        signal,
        shape: membersShape,
      });
      return pages
        .flatMap(({ managedInstances }) => managedInstances ?? [])
        .map(({ instance }) => `${zone}/${last(instance)}`);
    }),
  );
  return new Set(lists.flat());
}

/** "projects/P/reservations/R/…" and the full name of what is consumed, which has the zone in it. */
function isIn(consumed: string | null | undefined, reservation: string): boolean {
  if (typeof consumed !== 'string') return false;
  const [, project = '', , name = ''] = reservation.split('/');
  return consumed.includes(`projects/${project}/`) && consumed.split('/').includes(name);
}

function slotOf(machine: Machine): Slot {
  const { id, name = id, life, state } = machine;
  if (life === 'running' || life === 'starting') return { machine };
  return { slot: name, code: 'PROVIDER_GONE', reason: `${name} is ${state}` };
}

function gone(name: string): Slot {
  return { slot: name, code: 'PROVIDER_GONE', reason: `${name} is not there` };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
