/** When the capacity itself ends: a reservation that deletes itself. */
import { HarnessError } from '../../plan/errors.ts';
import { isGone } from '../cloud/rest.ts';
import { reasonOf } from '../cloud/problem.ts';
import type { Gcp } from './client.ts';
import { reservationShape } from './shapes.ts';

/** A reservation of a place. */
export interface Reserved {
  readonly zone: string;
  /** "projects/P/reservations/R/…" */
  readonly reservation: string;
}

/** @returns the earliest end; undefined: none of them ends, or its owner lets nobody look */
export async function capacityEnd(
  gcp: Gcp,
  reserved: readonly Reserved[],
  signal: AbortSignal,
): Promise<Date | undefined> {
  const ends = await Promise.all(
    reserved.map(async ({ zone, reservation }) => {
      const [, project = '', , name = ''] = reservation.split('/');
      try {
        const { value } = await gcp.call({
          operation: 'reservations.get',
          method: 'GET',
          path: `projects/${project}/zones/${zone}/reservations/${name}`,
          where: zone,
          signal,
          shape: reservationShape,
        });
        return Date.parse(value.deleteAtTime ?? '');
      } catch (error) {
        const hidden = isGone(error) || reasonOf(error) === 'permission';
        if (error instanceof HarnessError && hidden) return NaN;
        throw error;
      }
    }),
  );
  const known = ends.filter((end) => Number.isFinite(end));
  return known.length === 0 ? undefined : new Date(Math.min(...known));
}
