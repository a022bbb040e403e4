/** OCI as the shared tests see it: a launch a node into a compute cluster, and cluster networks. */
import { COMPARTMENT } from '../../../fixtures/clouds/oci/store.ts';
import type { Clock } from '../../../runners/cloud/clock.ts';
import { connectOci } from '../../../runners/oci/client.ts';
import { ociOptions } from '../../../runners/oci/options.ts';
import { ociRunner } from '../../../runners/oci/runner.ts';
import { ociProvisioner } from '../../../runners/oci/provision.ts';
import { TIMES, type Subject } from '../cloud/plane.ts';

/** A place of a plan. */
export function place(domain: number) {
  return {
    region: 'us-ashburn-1',
    'availability-domain': `sTnd:US-ASHBURN-AD-${domain}`,
    subnet: 'ocid1.subnet.oc1.iad.nodes',
    image: 'ocid1.image.oc1.iad.ubuntu',
  };
}

/** Block of a plan. */
export function block(
  endpoint: string,
  provision: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
) {
  return ociOptions.parse({
    endpoint,
    compartment: COMPARTMENT,
    config: 'none',
    provision: { nodes: 8, shape: 'BM.HPC2.36', places: [place(1)], ...provision },
    ...more,
  });
}

/** A client for a stand-in. */
export function ociOf(endpoint: string, clock: Clock) {
  return connectOci({
    clock,
    random: Math.random,
    compartment: COMPARTMENT,
    endpoint,
    credentials: 'config',
    profile: 'DEFAULT',
    standIn: true,
    redact: () => undefined,
  });
}

function subject(
  mechanism: 'compute-cluster' | 'cluster-network' | 'gpu-memory-cluster',
  calls: Pick<Subject, 'launch' | 'list' | 'launches'>,
  shape = 'BM.HPC2.36',
): Subject {
  return {
    provider: 'oci',
    factor: 50,
    ...calls,
    runner: (url, clock) => ociRunner(block(url, { mechanism, shape }, TIMES), clock),
    async connect(url, clock, nodes, places) {
      const { provision, address, sweep } = block(url, {
        mechanism,
        shape,
        nodes,
        places: Array.from({ length: places }, (_, at) => place(at + 1)),
      });
      if (provision === undefined) throw new Error('the plan attaches');
      const oci = await ociOf(url, clock);
      return ociProvisioner(oci, { provision, address, patience: 120, sweep, seen: new Map() });
    },
  };
}

export const ociSubject = subject('compute-cluster', {
  launch: 'LaunchInstance',
  list: 'ListInstances',
  launches: 8,
});

export const networkSubject = subject('cluster-network', {
  launch: 'CreateClusterNetwork',
  list: 'ListInstances',
});

export const memorySubject = subject(
  'gpu-memory-cluster',
  { launch: 'CreateComputeGpuMemoryCluster', list: 'ListInstances' },
  'BM.GPU.GB200.4',
);
