/** What carries our marks in a project, all zones at once, and its deletion: groups before machines, disks last. */
import { HarnessError } from '../../plan/errors.ts';
import type { Holdings, Listing, Resource } from '../cloud/model.ts';
import { inScope, type Scope } from '../cloud/ownership.ts';
import { isGone } from '../cloud/rest.ts';
import type { Gcp } from './client.ts';
import { blindIn, instancesIn, query } from './machines.ts';
import { isTpuApi, type Provision } from './options.ts';
import { deleteTpu, NODE, QUEUED, tpuHoldings } from './tpu-release.ts';
import { marksOf, PREFIX, requestId, RUN_LABEL } from './marks.ts';
import {
  last,
  operationShape,
  thingsEverywhere,
  thingsShape,
  type Instance,
  type Thing,
} from './shapes.ts';

const GROUP = 'instance group';
const INSTANCE = 'instance';
const TEMPLATE = 'instance template';
const POLICY = 'resource policy';
const DISK = 'disk';

/** Seconds after which a deletion that shows nothing is looked after, and asked for again. */
const AGAIN = 90;

interface Asked {
  readonly at: number;
  readonly operation?: string;
}

/** @param provision what the plan makes, and where; a sweep looks for everything. Absent: it attaches */
export function gcpHoldings(gcp: Gcp, provision?: Provision): Holdings {
  const { mechanism = 'bulk', places = [] } = provision ?? {};
  const zones = [...new Set(places.map(({ zone }) => zone))];
  /** Deletions under way. */
  const asked = new Map<string, Asked>();
  /** Instance → its managed group, as the last list told. */
  const groups = new Map<string, string>();
  return {
    provider: 'gcp',
    order: [QUEUED, NODE, GROUP, INSTANCE, TEMPLATE, POLICY, DISK],
    async holdings(scope, signal) {
      const everywhere = scope.everywhere === true;
      const all = everywhere || mechanism === 'slice';
      const label = `labels.${labelFilter(scope)}`;
      const [slices, instances, disks, managed, policies, templates] = await Promise.all([
        everywhere || isTpuApi(mechanism)
          ? tpuHoldings(gcp, isTpuApi(mechanism) ? zones : [], scope, signal)
          : { found: [], blind: [] },
        instancesIn(gcp, label, signal),
        things(gcp, 'disks', label, signal),
        all ? things(gcp, 'instanceGroupManagers', BY_NAME, signal) : NOTHING,
        all ? things(gcp, 'resourcePolicies', BY_NAME, signal) : NOTHING,
        all ? templatesOf(gcp, signal) : NOTHING,
      ]);
      const meant = instances.found.flatMap((one) => instanceResource(one, groups));
      const within = (group: string) =>
        meant.filter(({ id }) => groups.get(id) === group).map(({ id }) => id);
      // A slice's group, template and policy have one name, and stay while a machine of it is kept.
      const named = (kind: string, list: readonly Thing[]) =>
        list.flatMap((one) =>
          resource(kind, one).map((made) => ({ ...made, contains: within(one.name) })),
        );
      const found: readonly Resource[] = [
        ...slices.found,
        ...named(GROUP, managed.found).filter(({ marks }) => inScope(marks, scope)),
        ...meant,
        ...named(TEMPLATE, templates.found),
        ...named(POLICY, policies.found),
        // A disk that is in use goes with its machine.
        ...disks.found
          .filter(({ users }) => (users ?? []).length === 0)
          .flatMap((one) => resource(DISK, one)),
      ];
      const lists = [slices, instances, disks, managed, policies, templates];
      const blind = lists.flatMap((one) => one.blind);
      return { found, blind: unique(blind) };
    },
    async remove(resources, signal) {
      const refused: { id: string; reason: string }[] = [];
      await Promise.all(
        resources.map(async (one) => {
          const reason = await removed(gcp, one, groups.get(one.id), asked, signal);
          if (reason !== undefined) refused.push({ id: one.id, reason });
        }),
      );
      return refused;
    },
  };
}

const NOTHING: Listing<Thing> = { found: [], blind: [] };
const BY_NAME = `name eq '${PREFIX}.*'`;

function labelFilter({ runs, expiredBy }: Scope): string {
  const [run] = runs;
  return expiredBy === undefined && runs.length === 1 && run !== undefined
    ? `${RUN_LABEL}=${run}`
    : `${RUN_LABEL}:*`;
}

async function things(
  gcp: Gcp,
  kind: 'disks' | 'instanceGroupManagers' | 'resourcePolicies',
  filter: string,
  signal: AbortSignal,
): Promise<Listing<Thing>> {
  const pages = await gcp.pages({
    operation: `${kind}.aggregatedList`,
    path: `projects/${gcp.project}/aggregated/${kind}?returnPartialSuccess=true${query(filter)}`,
    signal,
    shape: thingsEverywhere,
  });
  return {
    found: pages.flatMap(({ items }) =>
      Object.values(items ?? {}).flatMap((one) => one[kind] ?? []),
    ),
    blind: pages.flatMap(blindIn),
  };
}

async function templatesOf(gcp: Gcp, signal: AbortSignal): Promise<Listing<Thing>> {
  const pages = await gcp.pages({
    operation: 'instanceTemplates.list',
    path: `projects/${gcp.project}/global/instanceTemplates?returnPartialSuccess=true${query(BY_NAME)}`,
    signal,
    shape: thingsShape,
  });
  return { found: pages.flatMap(({ items }) => items ?? []), blind: [] };
}

function resource(kind: string, thing: Thing): readonly Resource[] {
  const marks = marksOf(thing);
  if (marks === undefined) return [];
  const { name, zone, region, status } = thing;
  const where = last(zone ?? region ?? 'global');
  return [{ id: name, kind, where, marks, state: typeof status === 'string' ? status : 'there' }];
}

function instanceResource(instance: Instance, groups: Map<string, string>): readonly Resource[] {
  const marks = marksOf(instance);
  if (marks === undefined) return [];
  const { id, zone, status = 'unknown', metadata } = instance;
  const made = metadata?.items?.find(({ key }) => key === 'created-by')?.value;
  if (typeof made === 'string' && made.includes('/instanceGroupManagers/')) {
    groups.set(id, last(made));
  }
  return [{ id, kind: INSTANCE, where: last(zone), marks, state: status }];
}

const PATHS: Readonly<Record<string, (where: string) => string>> = {
  [GROUP]: (zone) => `zones/${zone}/instanceGroupManagers`,
  [INSTANCE]: (zone) => `zones/${zone}/instances`,
  [TEMPLATE]: () => 'global/instanceTemplates',
  [POLICY]: (region) => `regions/${region}/resourcePolicies`,
  [DISK]: (zone) => `zones/${zone}/disks`,
};

/** Asks once, and looks after what does not go. @returns why it is refused */
async function removed(
  gcp: Gcp,
  one: Resource,
  group: string | undefined,
  asked: Map<string, Asked>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const key = `${one.kind} ${one.where} ${one.id}`;
  const before = asked.get(key);
  if (one.kind === QUEUED || one.kind === NODE) {
    const soon = before !== undefined && gcp.clock.now() - before.at < AGAIN * 1000;
    if (soon || one.state === 'DELETING') return undefined;
    asked.set(key, { at: gcp.clock.now() });
    return deleteTpu(gcp, one.id, signal);
  }
  try {
    if (before !== undefined) {
      if (gcp.clock.now() - before.at < AGAIN * 1000) return undefined;
      // It may have failed since: the operation says why.
      if (before.operation !== undefined) await finished(gcp, one, before.operation, signal);
    }
    const turn = before === undefined ? 0 : gcp.clock.now();
    const operation = await deletion(gcp, one, group, turn, signal);
    asked.set(key, { at: gcp.clock.now(), operation });
    return undefined;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    if (before !== undefined) asked.delete(key);
    return isGone(error) ? undefined : error.message;
  }
}

async function deletion(
  gcp: Gcp,
  { kind, where, id, marks }: Resource,
  group: string | undefined,
  turn: number,
  signal: AbortSignal,
): Promise<string> {
  const project = `projects/${gcp.project}`;
  const request = `requestId=${requestId(marks.run, kind, where, id, turn)}`;
  // A member that is deleted by itself may be made anew by its group.
  const member = kind === INSTANCE && group !== undefined;
  const path = member
    ? `${project}/zones/${where}/instanceGroupManagers/${group}/deleteInstances?${request}`
    : `${project}/${PATHS[kind]?.(where) ?? ''}/${id}?${request}`;
  const { value } = await gcp.call({
    operation: member ? 'instanceGroupManagers.deleteInstances' : `${kind}.delete`,
    method: member ? 'POST' : 'DELETE',
    path,
    where,
    ...(member && {
      body: {
        instances: [`zones/${where}/instances/${id}`],
        skipInstancesOnValidationError: true,
      },
    }),
    signal,
    shape: operationShape,
    // What is still in use is asked for at the next turn, not here.
    patience: { total: 60 },
  });
  return value.name;
}

/** @throws {HarnessError} the failure of a deletion that has ended */
async function finished(
  gcp: Gcp,
  { kind, where }: Resource,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const of = kind === TEMPLATE ? 'global' : kind === POLICY ? `regions/${where}` : `zones/${where}`;
  const { value } = await gcp.call({
    operation: 'operations.get',
    method: 'GET',
    path: `projects/${gcp.project}/${of}/operations/${name}`,
    signal,
    shape: operationShape,
  });
  if (value.status === 'DONE') {
    await gcp.done(`projects/${gcp.project}/${of}`, name, `${kind}.delete`, signal);
  }
}

function unique(blind: Listing<unknown>['blind']): Listing<unknown>['blind'] {
  return [...new Map(blind.map((one) => [one.where, one])).values()];
}
