/** What OCI announces about running machines: maintenance, and machines that end without us. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import { lookedAfter } from '../cloud/notices.ts';
import type { Notice } from '../cloud/runner.ts';
import { query, type Oci } from './client.ts';
import { listInstances } from './machines.ts';
import { eventShape } from './shapes.ts';

/** An event that is over. */
const OVER = new Set(['SUCCEEDED', 'FAILED', 'CANCELED']);
const BEGUN = new Set(['STARTED', 'PROCESSING']);

/** Maintenance that is announced, and machines that end without us; each is told once. */
export function ociNotices(
  oci: Oci,
  machines: readonly Machine[],
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  return lookedAfter(
    {
      clock: oci.clock,
      places: [...new Set(machines.map(({ where }) => where))],
      look: (region) =>
        look(
          oci,
          region,
          machines.filter(({ where }) => where === region),
          signal,
        ),
    },
    signal,
  );
}

/** Machines whose maintenance has begun, with what is done to them: they are not benchmarked. */
export async function inMaintenance(
  oci: Oci,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const own = new Set(machines.map(({ id }) => id));
  const found = new Map<string, string>();
  for (const region of new Set(machines.map(({ where }) => where))) {
    try {
      for (const event of await eventsOf(oci, region, signal)) {
        const { instanceId: id, lifecycleState = '' } = event;
        if (own.has(id) && BEGUN.has(lifecycleState)) found.set(id, wordsOf(event));
      }
    } catch (error) {
      // No permission to ask is no window.
      if (!(error instanceof HarnessError)) throw error;
    }
  }
  return found;
}

type Event = Awaited<ReturnType<typeof eventsOf>>[number];

function eventsOf(oci: Oci, region: string, signal: AbortSignal) {
  return oci.list({
    operation: 'ListInstanceMaintenanceEvents',
    region,
    path: `/instanceMaintenanceEvents${query({ compartmentId: oci.compartment })}`,
    item: eventShape,
    signal,
    patience: { total: 30 },
  });
}

function wordsOf({ maintenanceReason, instanceAction, timeWindowStart }: Event): string {
  return [maintenanceReason ?? 'maintenance', instanceAction, timeWindowStart]
    .filter((word) => typeof word === 'string' && word !== '')
    .join(' ');
}

async function look(
  oci: Oci,
  region: string,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<readonly Notice[]> {
  const own = new Set(machines.map(({ id }) => id));
  const events = await eventsOf(oci, region, signal);
  const states = new Map(
    (await listInstances(oci, region, {}, signal)).map((one) => [one.id, one.lifecycleState]),
  );
  return [
    ...events
      .filter(
        ({ instanceId, lifecycleState = '' }) => own.has(instanceId) && !OVER.has(lifecycleState),
      )
      .map((event): Notice => ({
        machines: [event.instanceId],
        kind: 'maintenance',
        detail: wordsOf(event),
        ...(BEGUN.has(event.lifecycleState ?? '') && { window: 'open' as const }),
      })),
    ...machines.flatMap(({ id }): readonly Notice[] => {
      const state = states.get(id) ?? 'gone from its region';
      const lives = !/^(?:TERMINAT|STOP|gone)/u.test(state);
      return lives ? [] : [{ machines: [id], kind: 'preempted', detail: state }];
    }),
  ];
}
