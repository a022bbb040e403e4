/** Machines that are there already: by ids, scale sets, group, tags, reserved capacity; nothing is made or deleted. */
import type { Machine } from '../cloud/model.ts';
import type { Slot } from '../cloud/provision.ts';
import { VERSION, type Arm } from './client.ts';
import { addressesOf, listSets, machineOf, machinesOfSet } from './machines.ts';
import type { Attach } from './options.ts';
import { associatedShape, level, vmShape, type Vm } from './shapes.ts';

type Address = 'private' | 'public';

/**
 * Slots in a stable order: the plan's where it names ids, else by id.
 *
 * @throws {HarnessError} PROVIDER_*
 */
export async function attachMachines(
  arm: Arm,
  attach: Attach,
  address: Address,
  signal: AbortSignal,
): Promise<readonly Slot[]> {
  const named = await namedIds(arm, attach, signal);
  const [sets, groups] = await sources(arm, attach, named, signal);
  const lists = await Promise.all([
    ...sets.map((set) => machinesOfSet(arm, set, address, signal)),
    ...groups.map((group) => machinesOfGroup(arm, group, attach.tags, address, signal)),
  ]);
  const found = new Map(lists.flat().map((machine) => [machine.id, machine]));
  const order = named ?? [...found.keys()].sort();
  return order.map((id): Slot => {
    const machine = found.get(id);
    if (machine?.life === 'running' || machine?.life === 'starting') return { machine };
    const reason = machine === undefined ? `${id} is not there` : `${id} is ${machine.state}`;
    return { slot: id, code: 'PROVIDER_GONE', reason };
  });
}

/** Ids that the plan names itself or by the reserved capacity that they are in; undefined: it names none. */
async function namedIds(
  arm: Arm,
  attach: Attach,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const { ids, 'capacity-reservation-group': reserved, 'interconnect-block': block } = attach;
  const holders = [reserved, block].filter((one) => one !== undefined);
  if (ids === undefined && holders.length === 0) return undefined;
  const within = await Promise.all(
    holders.map(async (holder) => {
      const { value } = await arm.call({
        operation: 'CapacityReservationGroups_Get',
        method: 'GET',
        path: `${holder}?$expand=instanceView&api-version=${VERSION.compute}`,
        signal,
        shape: associatedShape,
      });
      return (value.properties.virtualMachinesAssociated ?? []).map(({ id }) => id);
    }),
  );
  return [...new Set([...(ids ?? []), ...within.flat()].map(level))];
}

/** Scale sets and groups that must be listed: each once, whatever the number of machines. */
async function sources(
  arm: Arm,
  attach: Attach,
  named: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly [sets: readonly string[], groups: readonly (string | undefined)[]]> {
  const sets = new Set((attach['scale-sets'] ?? []).map(level));
  const groups = new Set<string | undefined>();
  for (const id of named ?? []) {
    const parts = id.split('/');
    if (parts.includes('virtualmachinescalesets')) sets.add(parts.slice(0, -2).join('/'));
    else groups.add(parts[4]);
  }
  const { tags, 'resource-group': group } = attach;
  if (group !== undefined || tags !== undefined) {
    groups.add(group);
    for (const set of await listSets(arm, group, signal)) {
      if (carries(set.tags, tags)) sets.add(level(set.id));
    }
  }
  return [[...sets], [...groups]];
}

/** Virtual machines that stand alone in a group, or in the subscription. */
async function machinesOfGroup(
  arm: Arm,
  group: string | undefined,
  tags: Attach['tags'],
  address: Address,
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  const scope = group === undefined ? arm.scope : `${arm.scope}/resourceGroups/${group}`;
  const list = (scopeOf: string, query: string) =>
    arm.list({
      operation: 'VirtualMachines_List',
      path: `${scopeOf}/providers/Microsoft.Compute/virtualMachines?${query}api-version=${VERSION.compute}`,
      kind: 'vm-list',
      signal,
      item: vmShape,
    });
  const vms = (await list(scope, '')).filter((vm) => carries(vm.tags, tags));
  if (vms.length === 0) return [];
  // The run states are a list of the subscription's; a group's list has none.
  const states = new Map<string, Vm>(
    (await list(arm.scope, 'statusOnly=true&')).map((vm) => [level(vm.id), vm]),
  );
  const network = `${scope}/providers/Microsoft.Network`;
  const addresses = await addressesOf(arm, network, network, VERSION.network, address, signal);
  return vms.map((vm) => {
    const view = states.get(level(vm.id))?.properties.instanceView;
    const properties = { ...vm.properties, ...(view && { instanceView: view }) };
    return machineOf({ ...vm, properties }, addresses, address);
  });
}

function carries(
  tags: Readonly<Record<string, string>> | null | undefined,
  wanted: Attach['tags'],
): boolean {
  const own = new Map(Object.entries(tags ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.entries(wanted ?? {}).every(([key, value]) => own.get(key.toLowerCase()) === value);
}
