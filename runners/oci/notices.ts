/** What OCI announces about running machines: maintenance, and machines that end without us. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import type { Notice } from '../cloud/runner.ts';
import { query, type Oci } from './client.ts';
import { listInstances } from './machines.ts';
import { eventShape } from './shapes.ts';

/** ms between two looks. */
const EVERY = 60_000;
/** An event that is over. */
const OVER = new Set(['SUCCEEDED', 'FAILED', 'CANCELED']);
const BEGUN = new Set(['STARTED', 'PROCESSING']);

/** Looks at once and then each minute, until the signal; each thing is told once. */
export async function* ociNotices(
  oci: Oci,
  machines: readonly Machine[],
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const regions = [...new Set(machines.map(({ where }) => where))];
  const told = new Set<string>();
  while (!signal.aborted) {
    for (const region of regions) {
      const here = machines.filter(({ where }) => where === region);
      for (const notice of await look(oci, region, here, signal)) {
        const key = `${notice.kind} ${notice.detail} ${notice.machines.join(' ')}`;
        if (told.has(key)) continue;
        told.add(key);
        yield notice;
      }
    }
    try {
      await oci.clock.sleep(EVERY, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
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
  try {
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
        })),
      ...machines.flatMap(({ id }): readonly Notice[] => {
        const state = states.get(id) ?? 'gone from its region';
        const lives = !/^(?:TERMINAT|STOP|gone)/u.test(state);
        return lives ? [] : [{ machines: [id], kind: 'preempted', detail: state }];
      }),
    ];
  } catch (error) {
    // Not seeing a notice is no failure of the run: the next look may do.
    if (error instanceof HarnessError || signal.aborted) return [];
    throw error;
  }
}
