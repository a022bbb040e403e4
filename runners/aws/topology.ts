/** Where instances are: network nodes from DescribeInstanceTopology, UltraServers as NVLink domains. */
import type { InstanceTopology } from '@aws-sdk/client-ec2';
import type { Domain } from '../model.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import { reasonOf } from '../cloud/problem.ts';
import type { Ec2 } from './client.ts';

/** Ids a call takes. */
const MOST_IDS = 100;
/** Localisation is better with it and works without: so many failures of the server's are borne. */
const HICCUPS = 3;

/** The machines with their domains; as they were where the provider tells nothing. */
export async function placedByTopology(
  ec2: Ec2,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  const regions = [...new Set(machines.map(({ where }) => where))];
  const known = new Map<string, InstanceTopology>();
  let hiccups = 0;
  const again = (error: unknown) => {
    const reason = reasonOf(error);
    if (reason === 'transient') hiccups += 1;
    return reason === 'throttled' || (reason === 'transient' && hiccups < HICCUPS);
  };
  for (const region of regions) {
    const ids = machines.filter(({ where }) => where === region).map(({ id }) => id);
    const batches: string[][] = [];
    for (let at = 0; at < ids.length; at += MOST_IDS) batches.push(ids.slice(at, at + MOST_IDS));
    try {
      for (const InstanceIds of batches) {
        const { Instances = [] } = await ec2.call(
          region,
          'DescribeInstanceTopology',
          { InstanceIds },
          { signal, patience: { again } },
        );
        for (const one of Instances) if (one.InstanceId) known.set(one.InstanceId, one);
      }
    } catch (error) {
      // A type that has none, or no permission for it.
      if (!(error instanceof HarnessError)) throw error;
    }
  }
  return machines.map((machine) => {
    const topology = known.get(machine.id);
    return topology === undefined ? machine : { ...machine, domains: domainsOf(topology, machine) };
  });
}

/** NetworkNodes go from the top down; the last is next to the host. */
export function domainsOf(
  { NetworkNodes = [], CapacityBlockId }: InstanceTopology,
  { domains }: Pick<Machine, 'domains'>,
): readonly Domain[] {
  const leaf = NetworkNodes.at(-1);
  const block = NetworkNodes.at(-2);
  const from = 'provider' as const;
  return [
    ...(leaf === undefined ? [] : [{ kind: 'leaf' as const, id: leaf, from }]),
    ...(block === undefined
      ? domains.filter(({ kind }) => kind === 'block')
      : [{ kind: 'block' as const, id: block, from }]),
    // Only UltraServer types have one here: the machines of one NVLink domain.
    ...(CapacityBlockId === undefined || CapacityBlockId === ''
      ? []
      : [{ kind: 'nvlink' as const, id: CapacityBlockId, from }]),
  ];
}
