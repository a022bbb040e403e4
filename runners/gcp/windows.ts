/** Maintenance of an instance, as Compute and the instance's own metadata both tell it. */
import type { Instance } from './shapes.ts';

export type Due = NonNullable<NonNullable<Instance['resourceStatus']>['upcomingMaintenance']>;

/** Whether it goes on, or its window has begun and is not over. */
export function begun(
  { maintenanceStatus, windowStartTime, windowEndTime }: Due,
  now: number,
): boolean {
  const inside =
    Date.parse(windowStartTime ?? '') <= now && !(Date.parse(windowEndTime ?? '') < now);
  return maintenanceStatus === 'ONGOING' || inside;
}

/** In one line. */
export function describe(due: Due): string {
  const words = [due.type ?? 'maintenance', due.maintenanceStatus ?? '', due.windowStartTime ?? ''];
  return [...words, ...(due.maintenanceReasons ?? [])].filter(Boolean).join(' ');
}
