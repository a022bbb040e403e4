/** The official SDK as the truth: a second client in front of the stand-in, and the keys of its models. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BODIES, type Keys } from '../../../fixtures/clouds/oci/body.ts';
import { COMPARTMENT } from '../../../fixtures/clouds/oci/store.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';

const test = suite('oci: the stand-in against the official SDK');

// A checkout whose packages are older than this test goes on without it, and says so.
const home = new URL('../../../node_modules/oci-core/', import.meta.url);
const there = existsSync(new URL('package.json', home));
if (!there) console.log('skipped: oci-core is not installed (npm install)');
const shown = (name: string, what: () => Promise<void> | void) =>
  there ? test(name, what) : test.skip(name);

// The SDK tells each failure to the console.
const { warn } = console;
test.before(() => {
  console.warn = () => undefined;
});
test.after(() => {
  console.warn = warn;
});

type Told = Readonly<Record<string, unknown>>;
type Client = Readonly<Record<string, (request: object) => Promise<Told>>> & { endpoint: string };
type Made = new (options: object) => Client;

const DOMAIN = 'sTnd:US-ASHBURN-AD-1';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** Calls of the SDK: what it made of an answer, or "HTTP CODE". */
async function clientsOf(standIn: Serving) {
  // No type of it is asked for: it may not be there.
  const name = 'oci-core';
  const sdk = (await import(name)) as Readonly<Record<string, Made>>;
  const { SimpleAuthenticationDetailsProvider: Simple, Region } = await import('oci-common');
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const print = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
  const [tenancy, user] = ['ocid1.tenancy.oc1..standin', 'ocid1.user.oc1..standin'];
  const source = new Simple(tenancy, user, print, pem, null, Region.US_ASHBURN_1);
  const clientOf = (kind: string) => {
    const Kind = sdk[kind];
    if (Kind === undefined) throw new Error(`no ${kind}`);
    const client = new Kind({ authenticationDetailsProvider: source });
    client.endpoint = `${standIn.url}/us-ashburn-1`;
    return async (operation: string, request: object): Promise<Told> => {
      const call = client[operation]?.bind(client);
      if (call === undefined) throw new Error(`no ${operation}`);
      try {
        return await call(request);
      } catch (error) {
        const { statusCode, serviceCode } = error as Told;
        return { refused: `${String(statusCode)} ${String(serviceCode)}` };
      }
    };
  };
  return {
    compute: clientOf('ComputeClient'),
    management: clientOf('ComputeManagementClient'),
    network: clientOf('VirtualNetworkClient'),
  };
}

async function against(what: (standIn: Serving) => Promise<void>): Promise<void> {
  const standIn = await serve('oci', { boot: 'none', strange: true });
  try {
    await what(standIn);
  } finally {
    await standIn.close();
  }
}

const idOf = (told: unknown) => (told as { readonly id: string }).id;
const itemsOf = (told: Told) => told['items'] as readonly Told[];
const launchDetails = (more: object = {}) => ({
  availabilityDomain: DOMAIN,
  compartmentId: COMPARTMENT,
  shape: 'BM.HPC2.36',
  displayName: 'one',
  createVnicDetails: { subnetId: 'ocid1.subnet.oc1.iad.nodes', assignPublicIp: true },
  sourceDetails: { sourceType: 'image', imageId: 'ocid1.image.oc1.iad.ubuntu' },
  ...more,
});

shown('a launch into a compute cluster, read, changed and ended by the SDK', () =>
  against(async (standIn) => {
    const { compute, network } = await clientsOf(standIn);
    const createComputeClusterDetails = { availabilityDomain: DOMAIN, compartmentId: COMPARTMENT };
    const cluster = await compute('createComputeCluster', { createComputeClusterDetails });
    const computeClusterId = idOf(cluster['computeCluster']);
    const launchInstanceDetails = launchDetails({ computeClusterId });
    const launch = { launchInstanceDetails, opcRetryToken: 'a token' };
    const first = await compute('launchInstance', launch);
    const instanceId = idOf(first['instance']);
    assert.type(first['opcWorkRequestId'], 'string');
    assert.is(idOf((await compute('launchInstance', launch))['instance']), instanceId);
    const other = { ...launch, launchInstanceDetails: launchDetails() };
    assert.equal(await compute('launchInstance', other), { refused: '400 InvalidParameter' });
    const page = await compute('listInstances', { compartmentId: COMPARTMENT, limit: 2 });
    assert.equal([itemsOf(page).length, typeof page['opcNextPage']], [2, 'string']);
    const attached = await compute('listVnicAttachments', { compartmentId: COMPARTMENT });
    const { subnetId, vnicId } =
      itemsOf(attached).find((one) => one['instanceId'] === instanceId) ?? {};
    const ips = itemsOf(await network('listPrivateIps', { subnetId }));
    assert.is(ips.filter((one) => one['vnicId'] === vnicId).length, 1);
    const open = await network('listPublicIps', {
      scope: 'AVAILABILITY_DOMAIN',
      compartmentId: COMPARTMENT,
    });
    assert.is(itemsOf(open).length, 1);
    const hosts = await compute('listComputeHosts', { compartmentId: COMPARTMENT });
    assert.is(itemsOf(hosts['computeHostCollection'] as Told)[0]?.['instanceId'], instanceId);
    const updateInstanceDetails = {
      definedTags: { ComputeInstanceHostActions: { CustomerReportedHostStatus: 'unhealthy' } },
    };
    const change = { instanceId, ifMatch: first['etag'], updateInstanceDetails };
    assert.type((await compute('updateInstance', change))['etag'], 'string');
    assert.equal(await compute('updateInstance', change), { refused: '412 NoEtagMatch' });
    const used = await compute('deleteComputeCluster', { computeClusterId });
    assert.equal(used, { refused: '409 IncorrectState' });
    const flags = { preserveBootVolume: false, preserveDataVolumesCreatedAtLaunch: false };
    const bare = await compute('terminateInstance', { instanceId });
    assert.equal(bare, { refused: '400 InvalidParameter' });
    await compute('terminateInstance', { instanceId, ...flags });
    const gone = (await compute('getInstance', { instanceId }))['instance'] as Told;
    assert.is(gone['lifecycleState'], 'TERMINATED');
    assert.is((await compute('deleteComputeCluster', { computeClusterId }))['refused'], undefined);
    standIn.world.capacity = 0;
    const full = await compute('launchInstance', { launchInstanceDetails: launchDetails() });
    assert.equal(full, { refused: '500 InternalError' });
  }),
);

shown('a cluster network, its pool and a member that is detached, by the SDK', () =>
  against(async (standIn) => {
    const { management } = await clientsOf(standIn);
    const compartmentId = COMPARTMENT;
    const made = await management('createInstanceConfiguration', {
      createInstanceConfiguration: {
        source: 'NONE',
        compartmentId,
        instanceDetails: { instanceType: 'compute', launchDetails: launchDetails() },
      },
    });
    const instanceConfigurationId = idOf(made['instanceConfiguration']);
    const primaryVnicSubnets = { subnetId: 'ocid1.subnet.oc1.iad.nodes' };
    const net = await management('createClusterNetwork', {
      createClusterNetworkDetails: {
        compartmentId,
        instancePools: [{ instanceConfigurationId, size: 3 }],
        placementConfiguration: { availabilityDomain: DOMAIN, primaryVnicSubnets },
      },
    });
    const { id: clusterNetworkId, instancePools } = net['clusterNetwork'] as {
      readonly id: string;
      readonly instancePools: readonly { readonly id: string }[];
    };
    const instancePoolId = instancePools[0]?.id;
    const members = () =>
      management('listClusterNetworkInstances', { compartmentId, clusterNetworkId });
    const [member] = itemsOf(await members());
    const detachInstancePoolInstanceDetails = {
      instanceId: member?.['id'],
      isDecrementSize: true,
      isAutoTerminate: true,
    };
    const detach = { instancePoolId, detachInstancePoolInstanceDetails };
    assert.is((await management('detachInstancePoolInstance', detach))['refused'], undefined);
    assert.is(itemsOf(await members()).length, 2);
    const configuration = { instanceConfigurationId };
    const used = await management('deleteInstanceConfiguration', configuration);
    assert.equal(used, { refused: '409 IncorrectState' });
    await management('terminateClusterNetwork', { clusterNetworkId });
    const deleted = await management('deleteInstanceConfiguration', configuration);
    assert.is(deleted['refused'], undefined);
    assert.equal(
      standIn.held().filter((one) => !one.neighbour),
      [],
    );
  }),
);

shown('a GPU memory cluster, its hosts and its end, by the SDK', () =>
  against(async (standIn) => {
    const { compute, management } = await clientsOf(standIn);
    const compartmentId = COMPARTMENT;
    const of = { availabilityDomain: DOMAIN, compartmentId };
    const cluster = await compute('createComputeCluster', { createComputeClusterDetails: of });
    const computeClusterId = idOf(cluster['computeCluster']);
    const made = await management('createInstanceConfiguration', {
      createInstanceConfiguration: {
        source: 'NONE',
        compartmentId,
        instanceDetails: {
          instanceType: 'compute',
          launchDetails: launchDetails({ shape: 'BM.GPU.GB200.4' }),
        },
      },
    });
    const instanceConfigurationId = idOf(made['instanceConfiguration']);
    const createComputeGpuMemoryClusterDetails = {
      ...of,
      computeClusterId,
      instanceConfigurationId,
      size: 3,
    };
    const answer = await compute('createComputeGpuMemoryCluster', {
      createComputeGpuMemoryClusterDetails,
    });
    const computeGpuMemoryClusterId = idOf(answer['computeGpuMemoryCluster']);
    const one = { computeGpuMemoryClusterId };
    const got = (await compute('getComputeGpuMemoryCluster', one))['computeGpuMemoryCluster'];
    assert.equal([(got as Told)['size'], (got as Told)['lifecycleState']], [3, 'ACTIVE']);
    const listed = await compute('listComputeGpuMemoryClusters', { compartmentId });
    assert.is(itemsOf(listed['computeGpuMemoryClusterCollection'] as Told).length, 1);
    const members = await compute('listComputeGpuMemoryClusterInstances', one);
    const hosts = itemsOf(members['computeGpuMemoryClusterInstanceCollection'] as Told);
    assert.equal(
      hosts.map((host) => host['instanceShape']),
      ['BM.GPU.GB200.4', 'BM.GPU.GB200.4', 'BM.GPU.GB200.4'],
    );
    const used = await compute('deleteComputeCluster', { computeClusterId });
    assert.equal(used, { refused: '409 IncorrectState' });
    await compute('deleteComputeGpuMemoryCluster', one);
    await management('deleteInstanceConfiguration', { instanceConfigurationId });
    await compute('deleteComputeCluster', { computeClusterId });
    assert.equal(
      standIn.held().filter((other) => !other.neighbour),
      [],
    );
  }),
);

/** Body, or part of one → the SDK's model of it. */
const MODELS: readonly (readonly [path: string, models: readonly string[]])[] = [
  ['LaunchInstance', ['launch-instance-details']],
  ['LaunchInstance.createVnicDetails', ['create-vnic-details']],
  ['LaunchInstance.sourceDetails', ['instance-source-via-image-details']],
  ['LaunchInstance.agentConfig', ['launch-instance-agent-config-details']],
  ['LaunchInstance.agentConfig.pluginsConfig', ['instance-agent-plugin-config-details']],
  ['LaunchInstance.instanceOptions', ['instance-options']],
  ['UpdateInstance', ['update-instance-details']],
  ['CreateComputeCluster', ['create-compute-cluster-details']],
  [
    'CreateComputeCluster.placementConstraintDetails',
    ['compute-cluster-placement-constraint-details'],
  ],
  [
    'CreateInstanceConfiguration',
    ['create-instance-configuration-base', 'create-instance-configuration-details'],
  ],
  ['CreateInstanceConfiguration.instanceDetails', ['compute-instance-details']],
  [
    'CreateInstanceConfiguration.instanceDetails.launchDetails',
    ['instance-configuration-launch-instance-details'],
  ],
  [
    'CreateInstanceConfiguration.instanceDetails.launchDetails.createVnicDetails',
    ['instance-configuration-create-vnic-details'],
  ],
  ['CreateClusterNetwork', ['create-cluster-network-details']],
  ['CreateClusterNetwork.instancePools', ['create-cluster-network-instance-pool-details']],
  [
    'CreateClusterNetwork.placementConfiguration',
    ['cluster-network-placement-configuration-details'],
  ],
  ['CreateClusterNetwork.clusterConfiguration', ['cluster-configuration-details']],
  ['CreateComputeGpuMemoryCluster', ['create-compute-gpu-memory-cluster-details']],
  ['UpdateComputeGpuMemoryCluster', ['update-compute-gpu-memory-cluster-details']],
  ['UpdateClusterNetwork', ['update-cluster-network-details']],
  ['UpdateClusterNetwork.instancePools', ['update-cluster-network-instance-pool-details']],
  ['DetachInstancePoolInstance', ['detach-instance-pool-instance-details']],
  ['CaptureConsoleHistory', ['capture-console-history-details']],
];

shown('every key that the stand-in takes is one of the model that the SDK sends', () => {
  for (const [path, models] of MODELS) {
    const known = new Set(
      models.flatMap((model) => {
        const text = readFileSync(new URL(`lib/model/${model}.d.ts`, home), 'utf8');
        return [...text.matchAll(/^ {4}"(\w+)"\??:/gmu)].map(([, key]) => key);
      }),
    );
    const foreign = Object.keys(below(BODIES, path)).filter((key) => !known.has(key));
    assert.equal(foreign, [], path);
  }
});

function below(bodies: Readonly<Record<string, Keys>>, path: string): object {
  let keys: Keys = bodies;
  for (const part of path.split('.')) keys = keys === true ? true : (keys[part] ?? true);
  if (keys === true) throw new Error(`${path} has no keys`);
  return keys;
}

test.run();
