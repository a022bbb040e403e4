/** Google as the shared tests see it: machines by bulkInsert, and slices by groups. */
import { PROJECT } from '../../../fixtures/clouds/gcp/store.ts';
import { connectGcp } from '../../../runners/gcp/client.ts';
import { gcpOptions } from '../../../runners/gcp/options.ts';
import { gcpRunner } from '../../../runners/gcp/runner.ts';
import { gcpProvisioner } from '../../../runners/gcp/provision.ts';
import type { Clock } from '../../../runners/cloud/clock.ts';
import { TIMES, type Subject } from '../cloud/plane.ts';

const IMAGE = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64';

/** A place of a plan. */
export function place(zone: string) {
  return {
    zone,
    network: `projects/${PROJECT}/global/networks/lab`,
    subnetwork: `projects/${PROJECT}/regions/us-central1/subnetworks/nodes`,
  };
}

/** Block of a plan. */
export function block(
  endpoint: string,
  provision: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
) {
  return gcpOptions.parse({
    endpoint,
    project: PROJECT,
    config: 'none',
    provision: {
      nodes: 8,
      type: 'e2-standard-2',
      image: IMAGE,
      places: [place('us-central1-a')],
      ...provision,
    },
    ...more,
  });
}

/** A client for a stand-in. */
export function gcpOf(endpoint: string, clock: Clock) {
  return connectGcp({
    clock,
    random: Math.random,
    project: PROJECT,
    endpoint,
    standIn: true,
    redact: () => undefined,
  });
}

async function provisionerOf(
  url: string,
  clock: Clock,
  provision: Readonly<Record<string, unknown>>,
) {
  const options = block(url, provision);
  const { provision: checked, address } = options;
  if (checked === undefined) throw new Error('the plan attaches');
  const gcp = await gcpOf(url, clock);
  return gcpProvisioner(gcp, { provision: checked, address, account: 'assay', patience: 120 });
}

/** What makes a slice of eight hosts. */
const SLICE = { mechanism: 'slice', type: 'ct6e-standard-4t', topology: '4x8' };

const ZONES = ['us-central1-a', 'us-central1-b'];

export const gcpSubject: Subject = {
  provider: 'gcp',
  launch: 'instances.bulkInsert',
  list: 'instances.aggregatedList',
  runner: (url, clock) => gcpRunner(block(url, {}, TIMES), clock),
  connect: (url, clock, nodes, places) =>
    provisionerOf(url, clock, { nodes, places: ZONES.slice(0, places).map(place) }),
};

/** What makes a slice of eight hosts by the TPU API. */
const TPU = {
  image: undefined,
  'runtime-version': 'v2-alpha-tpuv6e',
  type: 'v6e',
  topology: '4x8',
};

/** A node by itself, or by the queue. */
export function tpuSubject(mechanism: 'tpu-node' | 'queued-resource'): Subject {
  const provision = { ...TPU, mechanism };
  return {
    provider: 'gcp',
    // A slice has its patience in it: that of a busy machine too.
    factor: 20,
    launch: mechanism === 'tpu-node' ? 'nodes.create' : 'queuedResources.create',
    list: 'nodes.list',
    runner: (url, clock) => gcpRunner(block(url, provision, TIMES), clock),
    connect: (url, clock, nodes, places) =>
      provisionerOf(url, clock, { nodes, ...provision, places: ZONES.slice(0, places).map(place) }),
  };
}

export const sliceSubject: Subject = {
  provider: 'gcp',
  launch: 'instanceGroupManagers.insert',
  list: 'instances.aggregatedList',
  runner: (url, clock) => gcpRunner(block(url, SLICE, TIMES), clock),
  connect: (url, clock, nodes, places) =>
    provisionerOf(url, clock, {
      nodes,
      ...SLICE,
      places: ZONES.slice(0, places).map(place),
    }),
};
