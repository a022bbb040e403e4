/** The provisioner of a plan: a launch a node into a compute cluster, a cluster network, GPU memory clusters. */
import type { Machine, Provisioner } from '../cloud/model.ts';
import type { Ownership } from '../cloud/ownership.ts';
import type { Oci } from './client.ts';
import { ClusterLaunches } from './cluster.ts';
import { listInstances, machinesOf } from './machines.ts';
import { FABRIC, makeMemoryCluster } from './memory-cluster.ts';
import { makeNetwork } from './network.ts';
import type { Place, Provision } from './options.ts';
import { ociHoldings } from './release.ts';
import { marksOf } from './tags.ts';
import { placedByHosts } from './topology.ts';
import { failureOf, type Why } from './work-requests.ts';

/** What launching needs of the plan. */
export interface OciPlan {
  readonly provision: Provision;
  readonly address: 'private' | 'public';
  /** Seconds in which a pool must fill. */
  readonly patience: number;
  /** See the options. */
  readonly sweep: 'tenancy' | 'compartment';
  /** Told the marks of every machine that is seen. */
  readonly seen: Map<string, Ownership>;
}

export function ociProvisioner(oci: Oci, plan: OciPlan): Provisioner {
  const { provision, address, patience, seen, sweep } = plan;
  const { mechanism, nodes } = provision;
  const places = new Map(provision.places.map((place, at) => [nameOf(place, at), place]));
  const regions = [...new Set(provision.places.map(({ region }) => region))];
  /** Instance → the work request of its launch. */
  const works = new Map<string, string>();
  const reasons = new Map<string, Why | undefined>();
  const clusters = new ClusterLaunches(oci, works);
  const explained = async (machine: Machine, signal: AbortSignal): Promise<Machine> => {
    const { id, where, life } = machine;
    if (life !== 'ended') return machine;
    if (!reasons.has(id)) reasons.set(id, await failureOf(oci, where, id, works.get(id), signal));
    const why = reasons.get(id);
    return why === undefined ? machine : { ...machine, why };
  };
  return {
    ...ociHoldings(oci, { regions, mechanism, sweep }),
    places: [...places.keys()],
    batch: { 'compute-cluster': 1, 'cluster-network': nodes, 'gpu-memory-cluster': FABRIC }[
      mechanism
    ],
    launch(request, signal) {
      const place = places.get(request.place);
      if (place === undefined) throw new TypeError(`${request.place} is no place of this plan`);
      const launching = { provision, place, address };
      switch (mechanism) {
        case 'compute-cluster':
          return clusters.launch(launching, request, signal);
        case 'cluster-network':
          return makeNetwork(oci, launching, request, patience, signal);
        case 'gpu-memory-cluster':
          return makeMemoryCluster(oci, clusters, launching, request, patience, signal);
      }
    },
    async machines(run, signal) {
      const lists = await Promise.all(
        regions.map(async (region) => {
          const listed = await listInstances(oci, region, {}, signal);
          const own = listed.filter(({ id, freeformTags }) => {
            const marks = marksOf(freeformTags);
            if (marks?.run === run) seen.set(id, marks);
            return marks?.run === run;
          });
          return machinesOf(oci, region, own, address, signal);
        }),
      );
      const machines = await Promise.all(lists.flat().map((one) => explained(one, signal)));
      return machines.sort(byAge);
    },
    placed: (machines, signal) => placedByHosts(oci, machines, signal),
  };
}

/** A place in one word, its number last: two of a plan may lie in one domain. */
function nameOf(place: Place, at: number): string {
  const domain = place['availability-domain'].split('-').at(-1) ?? '';
  const fault = place['fault-domain']?.split('-').at(-1);
  return [
    `${place.region}-ad-${domain}`,
    ...(fault === undefined ? [] : [`fd-${fault}`]),
    `place-${at + 1}`,
  ].join('/');
}

function byAge(a: Machine, b: Machine): number {
  return (a.since ?? 0) - (b.since ?? 0) || (a.id < b.id ? -1 : 1);
}
