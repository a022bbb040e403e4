/** What Compute announces about running machines: maintenance that is due, and machines that end without us. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import { lookedAfter } from '../cloud/notices.ts';
import type { Notice } from '../cloud/runner.ts';
import type { Gcp } from './client.ts';
import { instancesOfZone, machineOf } from './machines.ts';
import { nodesIn } from './tpu.ts';
import { HEALTH, MAINTENANCE, noticesOf, tpuHosts } from './tpu-health.ts';
import { begun, describe } from './windows.ts';

/** Maintenance that is due, and machines that end without us. */
export function gcpNotices(
  gcp: Gcp,
  machines: readonly Machine[],
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const places = new Map<string, Machine[]>();
  for (const machine of machines) {
    const key = `${isWorker(machine) ? 'tpu' : 'compute'} ${machine.where}`;
    places.set(key, [...(places.get(key) ?? []), machine]);
  }
  return lookedAfter(
    {
      clock: gcp.clock,
      places: [...places.values()],
      look: (here) => {
        const [first] = here;
        const zone = first?.where ?? '';
        return first !== undefined && isWorker(first)
          ? lookAtNodes(gcp, zone, here, signal)
          : look(gcp, zone, here, signal);
      },
    },
    signal,
  );
}

/** A host of the TPU API, not an instance of Compute. */
function isWorker({ id }: Machine): boolean {
  return !/^\d+$/u.test(id);
}

/** Machines inside a maintenance window now, with what is done to them: they are not benchmarked. */
export async function inMaintenance(
  gcp: Gcp,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const own = new Map(machines.filter((one) => !isWorker(one)).map((one) => [one.id, one]));
  const now = gcp.clock.now();
  // Hosts of the TPU API came with their node's health.
  const found = new Map(
    machines.flatMap(({ id, facts = {} }) =>
      facts[HEALTH] === MAINTENANCE
        ? [[id, facts['gcp.health-description'] ?? MAINTENANCE] as const]
        : [],
    ),
  );
  for (const zone of new Set([...own.values()].map(({ where }) => where))) {
    try {
      for (const { id, resourceStatus } of await instancesOfZone(gcp, zone, undefined, signal)) {
        const due = resourceStatus?.upcomingMaintenance;
        if (due === undefined || due === null || !own.has(id)) continue;
        if (begun(due, now)) found.set(id, describe(due));
      }
    } catch (error) {
      // No permission to ask is no window.
      if (!(error instanceof HarnessError)) throw error;
    }
  }
  return found;
}

async function lookAtNodes(
  gcp: Gcp,
  zone: string,
  workers: readonly Machine[],
  signal: AbortSignal,
): Promise<readonly Notice[]> {
  const { found } = await nodesIn(gcp, zone, signal);
  return noticesOf(tpuHosts(workers), found);
}

async function look(
  gcp: Gcp,
  zone: string,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<readonly Notice[]> {
  const listed = await instancesOfZone(gcp, zone, undefined, signal);
  const now = new Map(listed.map((one) => [one.id, one]));
  return machines.flatMap(({ id }): readonly Notice[] => {
    const instance = now.get(id);
    if (instance === undefined) {
      return [{ machines: [id], kind: 'preempted', detail: 'gone from its zone' }];
    }
    const { life, state } = machineOf(instance, 'private');
    if (life === 'ended') return [{ machines: [id], kind: 'preempted', detail: state }];
    const due = instance.resourceStatus?.upcomingMaintenance;
    if (due === undefined || due === null) return [];
    const open = begun(due, gcp.clock.now()) && { window: 'open' as const };
    return [{ machines: [id], kind: 'maintenance', detail: describe(due), ...open }];
  });
}
