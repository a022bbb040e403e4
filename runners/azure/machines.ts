/** Virtual machines as machines of ours: state, reason, addresses; a call a list, none a machine. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import { isGone } from '../cloud/rest.ts';
import { VERSION, type Arm } from './client.ts';
import { reasonFor } from './errors.ts';
import {
  level,
  nicShape,
  publicIpShape,
  setShape,
  vmShape,
  type Nic,
  type PublicIp,
  type ScaleSet,
  type Vm,
} from './shapes.ts';
import { domainsOf } from './topology.ts';

/** The addresses of machines: level(machine id) → address. */
interface Addresses {
  readonly inside: ReadonlyMap<string, string>;
  readonly outside: ReadonlyMap<string, string>;
}

/** Scale sets of a group (or, without one, of the subscription). */
export function listSets(
  arm: Arm,
  group: string | undefined,
  signal: AbortSignal,
): Promise<readonly ScaleSet[]> {
  const scope = group === undefined ? arm.scope : `${arm.scope}/resourceGroups/${group}`;
  const path = `${scope}/providers/Microsoft.Compute/virtualMachineScaleSets?api-version=${VERSION.compute}`;
  const operation = 'VirtualMachineScaleSets_List';
  return arm.list({ operation, path, kind: 'set-read', signal, item: setShape });
}

/** Instances of a scale set; none when it is gone. */
export async function listInstances(
  arm: Arm,
  set: string,
  signal: AbortSignal,
): Promise<readonly Vm[]> {
  const path = `${set}/virtualMachines?$expand=instanceView&api-version=${VERSION.compute}`;
  const operation = 'VirtualMachineScaleSetVMs_List';
  try {
    return await arm.list({ operation, path, kind: 'vm-list', signal, item: vmShape });
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** The machines of a scale set, addresses included: three lists whatever its size. */
export async function machinesOfSet(
  arm: Arm,
  set: string,
  address: 'private' | 'public',
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  const vms = await listInstances(arm, set, signal);
  if (vms.length === 0) return [];
  const base = set.replace(/\/providers\/Microsoft\.Compute\//iu, '/providers/microsoft.Compute/');
  const addresses = await addressesOf(arm, base, base, VERSION.setNetwork, address, signal);
  return vms.map((vm) => machineOf(vm, addresses, address));
}

/** Addresses from a list of interfaces and, where asked for, one of public addresses. */
export async function addressesOf(
  arm: Arm,
  nicsBase: string,
  publicBase: string,
  version: string,
  address: 'private' | 'public',
  signal: AbortSignal,
): Promise<Addresses> {
  const list = <T>(operation: string, path: string, item: Parameters<Arm['list']>[0]['item']) =>
    arm.list({ operation, path, kind: 'set-read', signal, item }) as Promise<readonly T[]>;
  try {
    const nics = await list<Nic>(
      'NetworkInterfaces_List',
      `${nicsBase}/networkInterfaces?api-version=${version}`,
      nicShape,
    );
    const open =
      address === 'public'
        ? await list<PublicIp>(
            'PublicIPAddresses_List',
            `${publicBase}/publicIPAddresses?api-version=${version}`,
            publicIpShape,
          )
        : [];
    return read(nics, open);
  } catch (error) {
    // Interfaces come after their machines: an address that is not there yet is asked for again.
    if (error instanceof HarnessError && isGone(error)) return read([], []);
    throw error;
  }
}

function read(nics: readonly Nic[], open: readonly PublicIp[]): Addresses {
  const publicOf = new Map(open.map(({ id, properties }) => [level(id), properties.ipAddress]));
  const inside = new Map<string, string>();
  const outside = new Map<string, string>();
  for (const { properties } of nics) {
    const machine = properties.virtualMachine?.id;
    if (machine === undefined || properties.primary === false) continue;
    const configurations = properties.ipConfigurations ?? [];
    const main = configurations.find((one) => one.properties.primary === true) ?? configurations[0];
    const near = main?.properties.privateIPAddress;
    if (typeof near === 'string' && near !== '') inside.set(level(machine), near);
    const far = publicOf.get(level(main?.properties.publicIPAddress?.id ?? ''));
    if (typeof far === 'string' && far !== '') outside.set(level(machine), far);
  }
  // Addresses of a set's machines name their machine in their id.
  for (const { id, properties } of open) {
    const machine = /^(.*\/virtualmachines\/[^/]+)\//u.exec(level(id))?.[1];
    const far = properties.ipAddress;
    if (machine !== undefined && typeof far === 'string' && far !== '') outside.set(machine, far);
  }
  return { inside, outside };
}

/** A virtual machine as the frame knows machines. */
export function machineOf(vm: Vm, addresses: Addresses, address: 'private' | 'public'): Machine {
  const { id, location, name, properties } = vm;
  const near = addresses.inside.get(level(id));
  const reach = address === 'public' ? addresses.outside.get(level(id)) : near;
  const host = properties.osProfile?.computerName ?? properties.instanceView?.computerName ?? name;
  const since = Date.parse(properties.timeCreated ?? '');
  return {
    id: level(id),
    where: location ?? '',
    ...lifeOf(vm),
    ...(reach !== undefined && { address: reach }),
    ...(near !== undefined && { fabricAddress: near }),
    ...(typeof host === 'string' && host !== '' && { name: host }),
    domains: domainsOf(vm),
    ...(Number.isFinite(since) && { since }),
  };
}

/** The guest is slow, and may still come: whether it can be reached decides, not this. */
const SLOW_GUEST = /^(?:OSProvisioning|VMStartTimedOut)/u;

/** Life, the provider's word and, of one that failed, the reason. */
export function lifeOf({ properties }: Vm): Pick<Machine, 'life' | 'state' | 'why'> {
  const { provisioningState = 'unknown', instanceView } = properties;
  const statuses = instanceView?.statuses ?? [];
  const power = statuses
    .map(({ code = '' }) => /^PowerState\/(.+)$/iu.exec(code)?.[1]?.toLowerCase())
    .find((one) => one !== undefined);
  const state = power === undefined ? provisioningState : `${provisioningState}/${power}`;
  switch (provisioningState.toLowerCase()) {
    case 'creating':
      return { life: 'starting', state };
    case 'deleting':
      return { life: 'ended', state };
    case 'succeeded':
    case 'updating':
      if (power === undefined || power === 'starting') return { life: 'starting', state };
      return { life: power === 'running' ? 'running' : 'held', state };
    case 'failed': {
      const failure = failureOf(statuses);
      if (power === 'running' && SLOW_GUEST.test(failure.code)) return { life: 'running', state };
      // It exists and is paid for until it is deleted; it will never be a node.
      return { life: 'ended', state, why: { reason: reasonFor(failure), ...failure } };
    }
    default:
      return { life: 'held', state };
  }
}

/** "ProvisioningState/failed/AllocationFailed" with its message. */
function failureOf(
  statuses: NonNullable<NonNullable<Vm['properties']['instanceView']>['statuses']>,
) {
  for (const { code = '', message = '' } of statuses) {
    const found = /^ProvisioningState\/failed\/(.+)$/iu.exec(code)?.[1];
    if (found !== undefined) return { code: found, message };
  }
  return { code: 'Failed', message: 'it failed without a word why' };
}
