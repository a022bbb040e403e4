/** When the capacity itself ends: a Capacity Block's or a reservation's end date. */
import { pages, type Ec2 } from './client.ts';

/** Machines of a Capacity Block are ended from 30 minutes before its end on; a few more for us. */
const BLOCK_MARGIN = 35;
/** UltraServers are to be given back an hour before. */
const ULTRASERVER_MARGIN = 60;

/** @returns the earliest end of these reservations; undefined: none of them ends */
export async function capacityEnd(
  ec2: Ec2,
  reservations: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<Date | undefined> {
  const ends: number[] = [];
  for (const region of new Set(reservations.values())) {
    const ids = [...reservations].filter(([, where]) => where === region).map(([id]) => id);
    const found = await pages(
      (token) =>
        ec2.call(
          region,
          'DescribeCapacityReservations',
          { CapacityReservationIds: ids, ...(token !== undefined && { NextToken: token }) },
          { signal },
        ),
      (page) => page.CapacityReservations,
    );
    for (const { EndDate, ReservationType, InstanceType } of found) {
      if (EndDate === undefined) continue;
      const block = ReservationType === 'capacity-block';
      const margin = !block
        ? 0
        : InstanceType?.startsWith('p6e-') === true
          ? ULTRASERVER_MARGIN
          : BLOCK_MARGIN;
      ends.push(EndDate.getTime() - margin * 60_000);
    }
  }
  return ends.length === 0 ? undefined : new Date(Math.min(...ends));
}
