/** What an instance's own metadata announces: preemption, a maintenance event, a window to come. */
import { z } from 'zod';
import { parse, type Metadata } from '../cloud/metadata.ts';
import { begun, describe } from './windows.ts';

const INSTANCE = '/computeMetadata/v1/instance';
const EVENT = `${INSTANCE}/maintenance-event`;
const PREEMPTED = `${INSTANCE}/preempted`;
const UPCOMING = `${INSTANCE}/upcoming-maintenance?alt=json`;

const word = z
  .string()
  .regex(/^[A-Z_]{1,40}$/u)
  .optional()
  .catch(undefined);
const moment = z.iso.datetime({ offset: true }).optional().catch(undefined);

/** The API's fields, in the metadata server's spelling. */
const upcomingShape = z
  .object({
    type: word,
    maintenance_status: word,
    window_start_time: moment,
    window_end_time: moment,
  })
  .transform((one) => ({
    type: one.type,
    maintenanceStatus: one.maintenance_status,
    windowStartTime: one.window_start_time,
    windowEndTime: one.window_end_time,
  }));

export const gcpMetadata: Metadata = {
  headers: { 'Metadata-Flavor': 'Google' },
  paths: [EVENT, PREEMPTED, UPCOMING],
  read(said, now) {
    const event = word.parse(said.get(EVENT)?.trim()) ?? 'NONE';
    const due = upcomingShape.safeParse(parse(said.get(UPCOMING)));
    // "No notifications have been received yet" is an object too.
    const known = due.success && Object.values(due.data).some((one) => one !== undefined);
    // It moves within the minute, and says so until it has moved; the end of a machine has an hour's notice.
    const moving = event.startsWith('MIGRATE') && { window: 'open' as const };
    return [
      ...(said.get(PREEMPTED)?.trim() === 'TRUE'
        ? [{ kind: 'preempted' as const, detail: 'preempted' }]
        : []),
      ...(event === 'NONE' ? [] : [{ kind: 'maintenance' as const, detail: event, ...moving }]),
      ...(known
        ? [
            {
              kind: 'maintenance' as const,
              detail: describe(due.data),
              ...(begun(due.data, now) && { window: 'open' as const }),
            },
          ]
        : []),
    ];
  },
};
