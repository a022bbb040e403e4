/** What carries our marks, region by region and compartment by compartment, and its deletion: pools first, clusters last. */
import { HarnessError } from '../../plan/errors.ts';
import type { Holdings, Listing, Resource } from '../cloud/model.ts';
import { mayAgain, reasonOf } from '../cloud/problem.ts';
import { anything, isGone } from '../cloud/rest.ts';
import { query, type Oci } from './client.ts';
import { listInstances } from './machines.ts';
import { membersOf } from './members.ts';
import type { OciOptions, Provision } from './options.ts';
import { networkShape, thingShape, type Thing } from './shapes.ts';
import { marksOf, placeOf } from './tags.ts';

const NETWORK = 'cluster network';
const MEMORY = 'gpu memory cluster';
const INSTANCE = 'instance';
const CONFIGURATION = 'instance configuration';
const CLUSTER = 'compute cluster';
const HISTORY = 'console history';

/** Seconds after which a deletion that shows nothing is asked for again. */
const AGAIN = 90;
/** States of what is no more; an instance stays listed so for half a day. */
const GONE = new Set(['TERMINATED', 'DELETED']);
const GOING = new Set(['TERMINATING', 'DELETING']);

/** Where to look, and for what. */
interface Looked {
  /** The plan's; a sweep looks into all that the tenancy has. */
  readonly regions: readonly string[];
  /** What the plan makes; a sweep looks for everything. Absent: it attaches. */
  readonly mechanism?: Provision['mechanism'];
  readonly sweep: OciOptions['sweep'];
}

/** What is looked for in one place. */
interface Makes {
  readonly mechanism: Looked['mechanism'] | undefined;
  readonly everywhere: boolean;
}

export function ociHoldings(oci: Oci, looked: Looked): Holdings {
  const { regions, mechanism } = looked;
  /** Thing → when its deletion was asked for, ms. */
  const asked = new Map<string, number>();
  /** Instance → the pool that it is a member of, as the last list told. */
  const pools = new Map<string, string>();
  return {
    provider: 'oci',
    order: [NETWORK, MEMORY, INSTANCE, CONFIGURATION, CLUSTER, HISTORY],
    async holdings(scope, signal) {
      const everywhere = scope.everywhere === true;
      const places = everywhere
        ? await everyPlace(oci, looked, signal)
        : { found: regions.map((region) => ({ region, compartment: oci.compartment })), blind: [] };
      const makes = { mechanism, everywhere };
      const lists = await Promise.all(
        places.found.map(({ region, compartment }) =>
          within({ ...oci, compartment }, region, makes, pools, signal),
        ),
      );
      return {
        found: lists.flatMap(({ found }) => found),
        blind: [...places.blind, ...lists.flatMap(({ blind }) => blind)],
      };
    },
    async remove(resources, signal) {
      const refused: { id: string; reason: string }[] = [];
      await Promise.all(
        resources.map(async (one) => {
          const reason = await removed(oci, one, pools.get(one.id), asked, signal);
          if (reason !== undefined) refused.push({ id: one.id, reason });
        }),
      );
      return refused;
    },
  };
}

/** Every region with every compartment of the tenancy; where nobody may ask, the plan's, and that is told. */
async function everyPlace(
  oci: Oci,
  { regions: own, sweep }: Looked,
  signal: AbortSignal,
): Promise<Listing<{ readonly region: string; readonly compartment: string }>> {
  const [from = ''] = own;
  const [regions, compartments] = await Promise.all([
    allOr(own, 'other regions', () => oci.regions(from, signal)),
    sweep === 'compartment'
      ? { found: [oci.compartment], blind: [] }
      : allOr([oci.compartment], 'other compartments', () => oci.compartments(from, signal)),
  ]);
  return {
    found: regions.found.flatMap((region) =>
      compartments.found.map((compartment) => ({ region, compartment })),
    ),
    blind: [...regions.blind, ...compartments.blind],
  };
}

async function allOr(
  own: readonly string[],
  where: string,
  ask: () => Promise<readonly string[]>,
): Promise<Listing<string>> {
  try {
    return { found: [...new Set([...own, ...(await ask())])], blind: [] };
  } catch (error) {
    if (!isBlind(error)) throw error;
    return { found: own, blind: [{ where, reason: error.message }] };
  }
}

async function within(
  oci: Oci,
  region: string,
  { mechanism, everywhere }: Makes,
  pools: Map<string, string>,
  signal: AbortSignal,
): Promise<Listing<Resource>> {
  const { compartment: compartmentId } = oci;
  const path = (kind: string) => `/${kind}${query({ compartmentId })}`;
  const things = (operation: string, kind: string) =>
    oci.list({ operation, region, path: path(kind), item: thingShape, signal });
  try {
    const pooled = everywhere || (mechanism !== undefined && mechanism !== 'compute-cluster');
    const [instances, clusters, histories, configurations, nets, memory] = await Promise.all([
      listInstances(oci, region, {}, signal),
      things('ListComputeClusters', 'computeClusters'),
      things('ListConsoleHistories', 'instanceConsoleHistories'),
      pooled ? things('ListInstanceConfigurations', 'instanceConfigurations') : [],
      pooled
        ? oci.list({
            operation: 'ListClusterNetworks',
            region,
            path: path('clusterNetworks'),
            item: networkShape,
            signal,
          })
        : [],
      pooled ? memoryClusters(oci, region, mechanism, signal) : [],
    ]);
    const living = instances.filter(({ lifecycleState }) => !GONE.has(lifecycleState ?? ''));
    const inPlace = (thing: Thing) =>
      living
        .filter(
          ({ freeformTags }) =>
            marksOf(freeformTags)?.run === marksOf(thing.freeformTags)?.run &&
            placeOf(freeformTags) === placeOf(thing.freeformTags),
        )
        .map(({ id }) => id);
    const found: Resource[] = [];
    const add = (kind: string, one: Thing, contains?: readonly string[]) => {
      const marks = marksOf(one.freeformTags);
      const state = one.lifecycleState ?? 'there';
      if (marks === undefined || GONE.has(state)) return;
      found.push({ id: one.id, kind, where: region, marks, state, ...(contains && { contains }) });
    };
    for (const net of nets) {
      if (marksOf(net.freeformTags) === undefined || GONE.has(net.lifecycleState ?? '')) continue;
      const members = await membersOf(oci, region, 'clusterNetworks', net.id, signal);
      const [pool] = net.instancePools ?? [];
      for (const id of members) if (pool !== undefined) pools.set(id, pool.id);
      add(NETWORK, net, members);
    }
    for (const one of memory) {
      if (marksOf(one.freeformTags) === undefined || GONE.has(one.lifecycleState ?? '')) continue;
      add(MEMORY, one, await membersOf(oci, region, 'computeGpuMemoryClusters', one.id, signal));
    }
    for (const one of living) add(INSTANCE, one);
    for (const one of configurations) add(CONFIGURATION, one, inPlace(one));
    for (const one of clusters) add(CLUSTER, one, inPlace(one));
    for (const one of histories) add(HISTORY, one);
    return { found, blind: [] };
  } catch (error) {
    if (!isBlind(error)) throw error;
    const where = everywhere ? `${region} ${oci.compartment}` : region;
    return { found: [], blind: [{ where, reason: error.message }] };
  }
}

/** Most regions have none, and say the same of it as of what nobody may see: that counts for a plan that makes them. */
async function memoryClusters(
  oci: Oci,
  region: string,
  mechanism: Makes['mechanism'],
  signal: AbortSignal,
): Promise<readonly Thing[]> {
  const { compartment: compartmentId } = oci;
  try {
    return await oci.list({
      operation: 'ListComputeGpuMemoryClusters',
      region,
      path: `/computeGpuMemoryClusters${query({ compartmentId })}`,
      item: thingShape,
      signal,
    });
  } catch (error) {
    if (mechanism === 'gpu-memory-cluster' || !isBlind(error)) throw error;
    return [];
  }
}

/** Nobody may look there; anything else may pass. */
function isBlind(error: unknown): error is HarnessError {
  return error instanceof HarnessError && reasonOf(error) === 'permission';
}

const PATHS: Readonly<Record<string, readonly [operation: string, path: string]>> = {
  [NETWORK]: ['TerminateClusterNetwork', 'clusterNetworks'],
  [MEMORY]: ['DeleteComputeGpuMemoryCluster', 'computeGpuMemoryClusters'],
  [INSTANCE]: ['TerminateInstance', 'instances'],
  [CONFIGURATION]: ['DeleteInstanceConfiguration', 'instanceConfigurations'],
  [CLUSTER]: ['DeleteComputeCluster', 'computeClusters'],
  [HISTORY]: ['DeleteConsoleHistory', 'instanceConsoleHistories'],
};

/** Asks once, and again when it shows nothing. @returns why it is refused */
async function removed(
  oci: Oci,
  one: Resource,
  pool: string | undefined,
  asked: Map<string, number>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const key = `${one.kind} ${one.where} ${one.id}`;
  const before = asked.get(key) ?? -Infinity;
  if (GOING.has(one.state) || oci.clock.now() - before < AGAIN * 1000) return undefined;
  try {
    await deletion(oci, one, pool, signal);
    asked.set(key, oci.clock.now());
    return undefined;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    // What is in use still, or asked for too fast, is asked for at the next turn.
    return isGone(error) || mayAgain(error) ? undefined : error.message;
  }
}

async function deletion(
  oci: Oci,
  { kind, where: region, id }: Resource,
  pool: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const patience = { total: 20 };
  if (kind === INSTANCE && pool !== undefined) {
    try {
      await oci.call({
        operation: 'DetachInstancePoolInstance',
        method: 'POST',
        region,
        path: `/instancePools/${pool}/actions/detachInstance`,
        // A member that is ended by itself may be made anew by its pool.
        body: { instanceId: id, isDecrementSize: true, isAutoTerminate: true },
        shape: anything,
        signal,
        patience,
      });
      return;
    } catch (error) {
      // The pool is gone: it is an instance like others.
      if (!isGone(error)) throw error;
    }
  }
  const [operation, path] = PATHS[kind] ?? ['', ''];
  // Both said: volumes that came with the machine would stay otherwise, or the call be refused.
  const volumes = query({
    preserveBootVolume: 'false',
    preserveDataVolumesCreatedAtLaunch: 'false',
  });
  await oci.call({
    operation,
    method: 'DELETE',
    region,
    path: `/${path}/${id}${kind === INSTANCE ? volumes : ''}`,
    shape: anything,
    signal,
    patience,
  });
}
