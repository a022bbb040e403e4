/** What Compute announces about running machines: maintenance that is due, and machines that end without us. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import type { Notice } from '../cloud/runner.ts';
import type { Gcp } from './client.ts';
import { instancesOfZone, machineOf } from './machines.ts';

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
      const detail = [
        due.type ?? 'maintenance',
        due.maintenanceStatus ?? '',
        due.windowStartTime ?? '',
        ...(due.maintenanceReasons ?? []),
      ];
      return [{ machines: [id], kind: 'maintenance', detail: detail.filter(Boolean).join(' ') }];
    });
  } catch (error) {
    // Not seeing a notice is no failure of the run: the next look may do.
    if (error instanceof HarnessError || signal.aborted) return [];
    throw error;
  }
}
