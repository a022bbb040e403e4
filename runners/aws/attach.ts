/** Machines that are there already: by ids, tags, reservation, block, placement group; nothing is made or deleted. */
import type { Filter, Instance } from '@aws-sdk/client-ec2';
import { HarnessError } from '../../plan/errors.ts';
import { reasonOf } from '../cloud/problem.ts';
import type { Slot } from '../cloud/provision.ts';
import type { Ec2 } from './client.ts';
import { listInstances, machineOf } from './machines.ts';
import type { Attach } from './options.ts';
import { placedByTopology } from './topology.ts';

/** Ids a call. */
const MOST_IDS = 200;

/**
 * Slots in a stable order: the plan's where it names ids, else region by region and by id.
 *
 * @throws {HarnessError} PROVIDER_*
 */
export async function attachInstances(
  ec2: Ec2,
  attach: Attach,
  address: 'private' | 'public',
  signal: AbortSignal,
): Promise<readonly Slot[]> {
  const { regions, ids } = attach;
  const found = new Map<string, { readonly instance: Instance; readonly region: string }>();
  for (const region of regions) {
    const filters = await filtersOf(ec2, region, attach, signal);
    const instances =
      ids === undefined
        ? await listInstances(ec2, region, filters, signal)
        : await byIds(ec2, region, ids, filters, signal);
    for (const instance of instances) {
      const { InstanceId: id } = instance;
      if (id !== undefined && !found.has(id)) found.set(id, { instance, region });
    }
  }
  const order =
    ids ??
    [...found].sort(([a, x], [b, y]) => compare(x.region, y.region) || compare(a, b)).map(first);
  const machines = [...found].flatMap(
    ([, { instance, region }]) => machineOf(instance, region, address) ?? [],
  );
  const usable = machines.filter(({ life }) => life === 'running' || life === 'starting');
  const placed = new Map(
    (await placedByTopology(ec2, usable, signal)).map((machine) => [machine.id, machine]),
  );
  const states = new Map(machines.map(({ id, state }) => [id, state]));
  return order.map((id): Slot => {
    const machine = placed.get(id);
    if (machine !== undefined) return { machine };
    const state = states.get(id);
    const reason =
      state === undefined ? `${id} is in none of ${regions.join(', ')}` : `${id} is ${state}`;
    return { slot: id, code: 'PROVIDER_GONE', reason };
  });
}

async function filtersOf(
  ec2: Ec2,
  region: string,
  attach: Attach,
  signal: AbortSignal,
): Promise<readonly Filter[]> {
  const { tags = {}, reservation, 'capacity-block': block, 'placement-group': group } = attach;
  const filters: Filter[] = Object.entries(tags).map(([key, value]) => ({
    Name: `tag:${key}`,
    Values: [value],
  }));
  if (reservation !== undefined) {
    filters.push({ Name: 'capacity-reservation-id', Values: [reservation] });
  }
  if (block !== undefined) {
    // Instances have no filter for it: the block names its reservations, and those have one.
    const { CapacityBlocks = [] } = await ec2.call(
      region,
      'DescribeCapacityBlocks',
      { CapacityBlockIds: [block] },
      { signal },
    );
    const reservations = CapacityBlocks.flatMap((one) => one.CapacityReservationIds ?? []);
    filters.push({ Name: 'capacity-reservation-id', Values: reservations });
  }
  if (group !== undefined) filters.push({ Name: 'placement-group-name', Values: [group] });
  // Named ones are told by name when they are gone; of the others the dead are nobody's.
  if (attach.ids === undefined) {
    const live = ['pending', 'running', 'stopping', 'stopped', 'shutting-down'];
    filters.push({ Name: 'instance-state-name', Values: live });
  }
  return filters;
}

/** One unknown id fails a call: those that the provider names are left out, and it is asked again. */
async function byIds(
  ec2: Ec2,
  region: string,
  ids: readonly string[],
  filters: readonly Filter[],
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  const all: Instance[] = [];
  for (let at = 0; at < ids.length; at += MOST_IDS) {
    all.push(...(await someIds(ec2, region, ids.slice(at, at + MOST_IDS), filters, signal)));
  }
  return all;
}

async function someIds(
  ec2: Ec2,
  region: string,
  ids: readonly string[],
  filters: readonly Filter[],
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  if (ids.length === 0) return [];
  try {
    // Ids and a page size are refused together.
    const input = { InstanceIds: [...ids], ...(filters.length > 0 && { Filters: [...filters] }) };
    const { Reservations = [] } = await ec2.call(region, 'DescribeInstances', input, { signal });
    return Reservations.flatMap(({ Instances }) => Instances ?? []);
  } catch (error) {
    if (reasonOf(error) !== 'gone' || ids.length === 1) {
      if (reasonOf(error) === 'gone') return [];
      throw error;
    }
    const named = new Set((error as HarnessError).message.match(/\bi-[0-9a-z]{4,40}\b/gu) ?? []);
    const rest = ids.filter((id) => !named.has(id));
    if (rest.length < ids.length) return someIds(ec2, region, rest, filters, signal);
    const half = Math.ceil(ids.length / 2);
    return [
      ...(await someIds(ec2, region, ids.slice(0, half), filters, signal)),
      ...(await someIds(ec2, region, ids.slice(half), filters, signal)),
    ];
  }
}

function first<T>([value]: readonly [T, ...unknown[]]): T {
  return value;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
