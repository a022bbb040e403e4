/** When reserved capacity ends by itself: only block reservations have an end. */
import { VERSION, type Arm } from './client.ts';
import { reservationShape } from './shapes.ts';

/** @returns the earliest end in these reservation groups; undefined: none of them ends */
export async function capacityEnd(
  arm: Arm,
  groups: readonly string[],
  signal: AbortSignal,
): Promise<Date | undefined> {
  const lists = await Promise.all(
    groups.map((group) =>
      arm.list({
        operation: 'CapacityReservations_ListByCapacityReservationGroup',
        path: `${group}/capacityReservations?api-version=${VERSION.compute}`,
        signal,
        item: reservationShape,
      }),
    ),
  );
  const ends = lists
    .flat()
    .map(({ properties }) => Date.parse(properties.scheduleProfile?.end ?? ''))
    .filter((end) => Number.isFinite(end));
  return ends.length === 0 ? undefined : new Date(Math.min(...ends));
}
