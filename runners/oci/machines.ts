/** Instances as machines of ours: state and addresses from lists of the compartment, none a machine. */
import type { Machine } from '../cloud/model.ts';
import { query, type Oci } from './client.ts';
import {
  attachmentShape,
  instanceShape,
  privateIpShape,
  publicIpShape,
  type Instance,
} from './shapes.ts';

type Address = 'private' | 'public';

/** The addresses of machines: instance id → address. */
interface Addresses {
  readonly inside: ReadonlyMap<string, string>;
  readonly outside: ReadonlyMap<string, string>;
}

/** Instances of the compartment in a region, terminated ones of the last hours included. */
export function listInstances(
  oci: Oci,
  region: string,
  filter: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  return oci.list({
    operation: 'ListInstances',
    region,
    path: `/instances${query({ compartmentId: oci.compartment, ...filter })}`,
    item: instanceShape,
    signal,
  });
}

/** Instances of one region as machines: three lists whatever their number. */
export async function machinesOf(
  oci: Oci,
  region: string,
  instances: readonly Instance[],
  address: Address,
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  const living = instances.filter(
    ({ lifecycleState = '' }) => !lifecycleState.startsWith('TERMINAT'),
  );
  const addresses =
    living.length === 0
      ? { inside: new Map<string, string>(), outside: new Map<string, string>() }
      : await addressesOf(oci, region, new Set(living.map(({ id }) => id)), address, signal);
  return instances.map((one) => machineOf(one, region, addresses, address));
}

async function addressesOf(
  oci: Oci,
  region: string,
  ids: ReadonlySet<string>,
  address: Address,
  signal: AbortSignal,
): Promise<Addresses> {
  const { compartment: compartmentId } = oci;
  const attachments = await oci.list({
    operation: 'ListVnicAttachments',
    region,
    path: `/vnicAttachments${query({ compartmentId })}`,
    item: attachmentShape,
    signal,
  });
  const own = attachments
    .filter((one) => ids.has(one.instanceId) && one.lifecycleState === 'ATTACHED')
    // The first is the one that the instance was launched with.
    .sort((a, b) => compare(a.timeCreated ?? '', b.timeCreated ?? ''));
  const instanceOf = new Map<string, string>();
  const seen = new Set<string>();
  for (const { instanceId, vnicId } of own) {
    if (seen.has(instanceId) || typeof vnicId !== 'string') continue;
    seen.add(instanceId);
    instanceOf.set(vnicId, instanceId);
  }
  const subnets = new Set(own.flatMap(({ subnetId }) => subnetId ?? []));
  const ips = await Promise.all(
    [...subnets].map((subnetId) =>
      oci.list({
        operation: 'ListPrivateIps',
        region,
        path: `/privateIps${query({ subnetId })}`,
        item: privateIpShape,
        signal,
      }),
    ),
  );
  const inside = new Map<string, string>();
  const holder = new Map<string, string>();
  for (const { id, ipAddress, vnicId, isPrimary } of ips.flat()) {
    const instance = instanceOf.get(vnicId ?? '');
    if (instance === undefined || isPrimary === false || typeof ipAddress !== 'string') continue;
    inside.set(instance, ipAddress);
    if (typeof id === 'string') holder.set(id, instance);
  }
  const outside =
    address === 'public' ? await publicOf(oci, region, holder, signal) : new Map<string, string>();
  return { inside, outside };
}

async function publicOf(
  oci: Oci,
  region: string,
  holder: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const lists = await Promise.all(
    // Those that come with an instance are of its availability domain; reserved ones of the region.
    ['AVAILABILITY_DOMAIN', 'REGION'].map((scope) =>
      oci.list({
        operation: 'ListPublicIps',
        region,
        path: `/publicIps${query({ scope, compartmentId: oci.compartment })}`,
        item: publicIpShape,
        signal,
      }),
    ),
  );
  return new Map(
    lists.flat().flatMap(({ ipAddress, assignedEntityId }) => {
      const instance = holder.get(assignedEntityId ?? '');
      return instance === undefined || typeof ipAddress !== 'string'
        ? []
        : [[instance, ipAddress] as const];
    }),
  );
}

const LIFE: Readonly<Record<string, Machine['life']>> = {
  MOVING: 'starting',
  PROVISIONING: 'starting',
  STARTING: 'starting',
  RUNNING: 'running',
  TERMINATING: 'ended',
  TERMINATED: 'ended',
};

function machineOf(
  instance: Instance,
  where: string,
  { inside, outside }: Addresses,
  address: Address,
): Machine {
  const { id, displayName, lifecycleState: state = 'unknown', timeCreated } = instance;
  const near = inside.get(id);
  const reach = address === 'public' ? outside.get(id) : near;
  // Stopped, stopping, being imaged, and a state that we don't know: can't be used.
  const told = LIFE[state] ?? 'held';
  const since = Date.parse(timeCreated ?? '');
  return {
    id,
    where,
    // It runs before its interface is attached.
    life: told === 'running' && near === undefined ? 'starting' : told,
    state,
    ...(reach !== undefined && { address: reach }),
    ...(near !== undefined && { fabricAddress: near }),
    ...(typeof displayName === 'string' && displayName !== '' && { name: displayName }),
    domains: [],
    ...(Number.isFinite(since) && { since }),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
