/** Hosts that carry the connections of others, so that the controller holds one a group. */
import type { HostToOpen } from './client.ts';
import { expandHosts } from './hostlist.ts';

/** The plan's word: so many of the fleet's own hosts, or these. */
export type RelayChoice = number | string | readonly string[];

/**
 * Which host is reached by way of which. Neighbours in the plan share a relay: they stand together, mostly.
 *
 * @param hosts the fleet, in plan order
 * @returns a relay for each place in `hosts`; undefined: reached directly, as the relays themselves are
 */
export function relaysOf(
  hosts: readonly HostToOpen[],
  choice: RelayChoice,
): readonly (HostToOpen | undefined)[] {
  const relays = typeof choice === 'number' ? evenly(hosts, choice) : named(hosts, choice);
  const itself = new Set(relays.map(({ name }) => name));
  return hosts.map(({ name }, at) => {
    const group = Math.floor((at * relays.length) / hosts.length);
    return itself.has(name) ? undefined : relays[group];
  });
}

/** The first host of each of `count` groups. */
function evenly(hosts: readonly HostToOpen[], count: number): readonly HostToOpen[] {
  const groups = Math.min(count, hosts.length);
  return Array.from({ length: groups }, (_, group) => {
    return hosts[Math.ceil((group * hosts.length) / groups)] as HostToOpen;
  });
}

/** A relay that is of the fleet keeps what its row says of it. */
function named(
  hosts: readonly HostToOpen[],
  choice: string | readonly string[],
): readonly HostToOpen[] {
  const rows = new Map(hosts.map((host) => [host.name, host]));
  return [choice]
    .flat()
    .flatMap((one) => expandHosts(one))
    .map((name) => rows.get(name) ?? { name });
}

/** The most hosts that one relay carries. */
export function largestGroup(relays: readonly (HostToOpen | undefined)[]): number {
  const carried = new Map<HostToOpen, number>();
  for (const relay of relays) {
    if (relay !== undefined) carried.set(relay, (carried.get(relay) ?? 0) + 1);
  }
  return Math.max(0, ...carried.values());
}
