/** What EC2 announces about running machines: scheduled events, and machines that end without us. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import type { Notice } from '../cloud/runner.ts';
import { pages, type Ec2 } from './client.ts';
import { listInstances } from './machines.ts';

/** ms between two looks; both calls answer with what is wrong only, whatever the fleet's size. */
const EVERY = 60_000;
const EVENTS = [
  'instance-reboot',
  'system-reboot',
  'system-maintenance',
  'instance-retirement',
  'instance-stop',
];
const ENDING = ['shutting-down', 'terminated', 'stopping', 'stopped'];

/** Looks at once and then each minute, until the signal; each thing is told once. */
export async function* ec2Notices(
  ec2: Ec2,
  machines: readonly Machine[],
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const own = new Set(machines.map(({ id }) => id));
  const regions = [...new Set(machines.map(({ where }) => where))];
  const told = new Set<string>();
  while (!signal.aborted) {
    for (const region of regions) {
      for (const notice of await look(ec2, region, signal)) {
        const key = `${notice.kind} ${notice.detail} ${notice.machines.join(' ')}`;
        if (told.has(key) || !notice.machines.some((id) => own.has(id))) continue;
        told.add(key);
        yield notice;
      }
    }
    try {
      await ec2.clock.sleep(EVERY, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

async function look(ec2: Ec2, region: string, signal: AbortSignal): Promise<readonly Notice[]> {
  try {
    return [...(await scheduled(ec2, region, signal)), ...(await ending(ec2, region, signal))];
  } catch (error) {
    // Not seeing a notice is no failure of the run: the next look may do.
    if (error instanceof HarnessError || signal.aborted) return [];
    throw error;
  }
}

async function scheduled(ec2: Ec2, region: string, signal: AbortSignal): Promise<Notice[]> {
  const statuses = await pages(
    (token) =>
      ec2.call(
        region,
        'DescribeInstanceStatus',
        {
          Filters: [{ Name: 'event.code', Values: EVENTS }],
          MaxResults: 200,
          ...(token !== undefined && { NextToken: token }),
        },
        { signal },
      ),
    (page) => page.InstanceStatuses,
  );
  return statuses.flatMap(({ InstanceId: id, Events = [] }) =>
    // A past event stays listed for a week, and says so.
    Events.filter(
      ({ Description = '' }) => !/^\[(?:Completed|Canceled)\]/u.test(Description),
    ).flatMap(({ Code = 'event', NotBefore }) =>
      id === undefined
        ? []
        : [
            {
              machines: [id],
              kind: 'maintenance' as const,
              detail: `${Code}${NotBefore === undefined ? '' : ` from ${NotBefore.toISOString()}`}`,
            },
          ],
    ),
  );
}

async function ending(ec2: Ec2, region: string, signal: AbortSignal): Promise<Notice[]> {
  const filters = [{ Name: 'instance-state-name', Values: ENDING }];
  return (await listInstances(ec2, region, filters, signal)).flatMap(
    ({ InstanceId: id, StateReason, State }) =>
      id === undefined
        ? []
        : [
            {
              machines: [id],
              kind: 'preempted' as const,
              detail: StateReason?.Code ?? State?.Name ?? 'ending',
            },
          ],
  );
}
