/** What Compute announces about running machines: maintenance that is due, and machines that end without us. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import type { Notice } from '../cloud/runner.ts';
import type { Gcp } from './client.ts';
import { instancesOfZone, machineOf } from './machines.ts';
import type { Instance } from './shapes.ts';

/** ms between two looks. */
const EVERY = 60_000;

/** Looks at once and then each minute, until the signal; each thing is told once. */
export async function* gcpNotices(
  gcp: Gcp,
  machines: readonly Machine[],
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const own = machines.filter(({ id }) => /^\d+$/u.test(id));
  const zones = [...new Set(own.map(({ where }) => where))];
  const told = new Set<string>();
  while (!signal.aborted) {
    for (const zone of zones) {
      const here = own.filter(({ where }) => where === zone);
      for (const notice of await look(gcp, zone, here, signal)) {
        const key = `${notice.kind} ${notice.detail} ${notice.machines.join(' ')}`;
        if (told.has(key)) continue;
        told.add(key);
        yield notice;
      }
    }
    try {
      await gcp.clock.sleep(EVERY, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** Machines inside a maintenance window now, with what is done to them: they are not benchmarked. */
export async function inMaintenance(
  gcp: Gcp,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const own = new Map(machines.filter(({ id }) => /^\d+$/u.test(id)).map((one) => [one.id, one]));
  const now = gcp.clock.now();
  const found = new Map<string, string>();
  for (const zone of new Set([...own.values()].map(({ where }) => where))) {
    try {
      for (const { id, resourceStatus } of await instancesOfZone(gcp, zone, undefined, signal)) {
        const due = resourceStatus?.upcomingMaintenance;
        if (due === undefined || due === null || !own.has(id)) continue;
        const begun =
          Date.parse(due.windowStartTime ?? '') <= now &&
          !(Date.parse(due.windowEndTime ?? '') < now);
        if (due.maintenanceStatus === 'ONGOING' || begun) found.set(id, describe(due));
      }
    } catch (error) {
      // No permission to ask is no window.
      if (!(error instanceof HarnessError)) throw error;
    }
  }
  return found;
}

type Due = NonNullable<NonNullable<Instance['resourceStatus']>['upcomingMaintenance']>;

function describe(due: Due): string {
  const words = [due.type ?? 'maintenance', due.maintenanceStatus ?? '', due.windowStartTime ?? ''];
  return [...words, ...(due.maintenanceReasons ?? [])].filter(Boolean).join(' ');
}

async function look(
  gcp: Gcp,
  zone: string,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<readonly Notice[]> {
  try {
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
      return [{ machines: [id], kind: 'maintenance', detail: describe(due) }];
    });
  } catch (error) {
    // Not seeing a notice is no failure of the run: the next look may do.
    if (error instanceof HarnessError || signal.aborted) return [];
    throw error;
  }
}
