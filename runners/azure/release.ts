/** What carries our tags in a subscription, and its deletion: the run's resource group goes whole. */
import { HarnessError } from '../../plan/errors.ts';
import type { Holdings, Resource } from '../cloud/model.ts';
import type { Scope } from '../cloud/ownership.ts';
import { anything, isGone, refusalOf } from '../cloud/rest.ts';
import { VERSION, deleteAt, type Arm } from './client.ts';
import { listInstances, listSets } from './machines.ts';
import { groupShape, level } from './shapes.ts';
import { marksOf, RUN_TAG } from './tags.ts';

/** Machines that one call may delete. */
const BATCH = 100;

/** Name of the resource group of a run. */
export function groupOf(run: string): string {
  return `assay-${run}`.slice(0, 90);
}

/**
 * @param shared a group that the plan names: it is not ours and is never deleted
 */
export function armHoldings(arm: Arm, shared?: string): Holdings {
  return {
    provider: 'azure',
    // A group takes all that is in it; what is in it goes by itself where the group may not.
    order: ['resource group', 'scale set', 'virtual machine'],
    async holdings(scope, signal) {
      // All regions at once: groups and scale sets are lists of the subscription.
      const [groups, sets] = await Promise.all([
        groupsIn(arm, scope, signal),
        setsIn(arm, scope, shared, signal),
      ]);
      const machines = sets.filter(({ kind }) => kind === 'virtual machine');
      return {
        found: [
          ...groups.map((group) => ({
            ...group,
            contains: sets.filter(({ id }) => id.startsWith(`${group.id}/`)).map(({ id }) => id),
          })),
          ...sets.map((one) =>
            one.kind === 'scale set'
              ? {
                  ...one,
                  contains: machines
                    .filter(({ id }) => id.startsWith(`${one.id}/`))
                    .map(({ id }) => id),
                }
              : one,
          ),
        ],
        blind: [],
      };
    },
    async remove(resources, signal) {
      const refused: { id: string; reason: string }[] = [];
      const note = (id: string, reason: string | undefined) => {
        if (reason !== undefined) refused.push({ id, reason });
      };
      const open = resources.filter(({ state }) => state.toLowerCase() !== 'deleting');
      await Promise.all(
        open
          .filter(({ kind }) => kind !== 'virtual machine')
          .map(async ({ id, kind }) =>
            note(
              id,
              await refusalOf(() =>
                (kind === 'scale set' ? deleteSet : deleteGroup)(arm, id, signal),
              ),
            ),
          ),
      );
      for (const [set, machines] of bySet(open.filter(({ kind }) => kind === 'virtual machine'))) {
        for (let at = 0; at < machines.length; at += BATCH) {
          const batch = machines.slice(at, at + BATCH);
          const reason = await refusalOf(() => deleteMachines(arm, set, batch, signal));
          for (const id of batch) note(id, reason);
        }
      }
      return refused;
    },
  };
}

async function groupsIn(arm: Arm, scope: Scope, signal: AbortSignal): Promise<readonly Resource[]> {
  const [run] = scope.runs;
  const one = scope.expiredBy === undefined && scope.runs.length === 1;
  const filter =
    one && run !== undefined
      ? `tagName eq '${RUN_TAG}' and tagValue eq '${run.replaceAll("'", "''")}'`
      : `tagName eq '${RUN_TAG}'`;
  const query = `$filter=${encodeURIComponent(filter)}&api-version=${VERSION.resources}`;
  const path = `${arm.scope}/resourcegroups?${query}`;
  const groups = await arm.list({
    operation: 'ResourceGroups_List',
    path,
    signal,
    item: groupShape,
  });
  return groups.flatMap(({ id, tags, properties }) => {
    const marks = marksOf(tags);
    if (marks === undefined) return [];
    const state = properties?.provisioningState ?? 'unknown';
    return [{ id: level(id), kind: 'resource group', where: arm.scope, marks, state }];
  });
}

async function setsIn(
  arm: Arm,
  scope: Scope,
  shared: string | undefined,
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const [run] = scope.runs;
  // A release knows where its run's sets are; a sweep looks through the subscription.
  const own = scope.everywhere !== true && scope.runs.length === 1 && run !== undefined;
  const sets = await within(() =>
    listSets(arm, own ? (shared ?? groupOf(run)) : undefined, signal),
  );
  const meant = sets.flatMap(({ id, tags, location, properties }) => {
    const marks = marksOf(tags);
    if (marks === undefined) return [];
    if (!scope.runs.includes(marks.run) && !(marks.expires <= (scope.expiredBy ?? -Infinity)))
      return [];
    return [
      { id: level(id), where: location, marks, state: properties?.provisioningState ?? 'unknown' },
    ];
  });
  const lists = await Promise.all(
    meant.map(async (set): Promise<readonly Resource[]> => [
      { ...set, kind: 'scale set' },
      ...(await listInstances(arm, set.id, signal)).map(({ id, properties }) => ({
        id: level(id),
        kind: 'virtual machine',
        where: set.where,
        marks: set.marks,
        state: properties.provisioningState ?? 'unknown',
      })),
    ]),
  );
  return lists.flat();
}

async function within<T>(list: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof HarnessError && isGone(error)) return [];
    throw error;
  }
}

function deleteGroup(arm: Arm, id: string, signal: AbortSignal): Promise<void> {
  const force = ['virtualMachines', 'virtualMachineScaleSets']
    .map((type) => `Microsoft.Compute/${type}`)
    .join(',');
  const path = `${id}?forceDeletionTypes=${encodeURIComponent(force)}&api-version=${VERSION.resources}`;
  return deleteAt(arm, 'ResourceGroups_Delete', path, 'other', signal);
}

function deleteSet(arm: Arm, id: string, signal: AbortSignal): Promise<void> {
  const path = `${id}?forceDeletion=true&api-version=${VERSION.compute}`;
  return deleteAt(arm, 'VirtualMachineScaleSets_Delete', path, 'set-delete', signal);
}

async function deleteMachines(
  arm: Arm,
  set: string,
  machines: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await arm.call({
    operation: 'VirtualMachineScaleSets_DeleteInstances',
    method: 'POST',
    path: `${set}/delete?forceDeletion=true&api-version=${VERSION.compute}`,
    kind: 'set-vm-delete',
    body: { instanceIds: machines.map((id) => id.split('/').at(-1) ?? '') },
    signal,
    shape: anything,
  });
}

function bySet(machines: readonly Resource[]): ReadonlyMap<string, readonly string[]> {
  const sets = new Map<string, string[]>();
  for (const { id } of machines) {
    const set = id.split('/').slice(0, -2).join('/');
    sets.set(set, [...(sets.get(set) ?? []), id]);
  }
  return sets;
}
