/** What EC2 announces about running machines: scheduled events, and machines that end without us. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import { lookedAfter } from '../cloud/notices.ts';
import type { Notice } from '../cloud/runner.ts';
import { pages, type Ec2 } from './client.ts';
import { listInstances } from './machines.ts';
import { begun, isOver, maintenance, type Window } from './windows.ts';

const EVENTS = [
  'instance-reboot',
  'system-reboot',
  'system-maintenance',
  'instance-retirement',
  'instance-stop',
];
const ENDING = ['shutting-down', 'terminated', 'stopping', 'stopped'];

/** What is announced of these machines; both calls answer with what is wrong only, whatever the fleet's size. */
export function ec2Notices(
  ec2: Ec2,
  machines: readonly Machine[],
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const own = new Set(machines.map(({ id }) => id));
  return lookedAfter(
    {
      clock: ec2.clock,
      places: [...new Set(machines.map(({ where }) => where))],
      look: async (region) => {
        const found = [
          ...(await announced(ec2, region, signal)),
          ...(await ending(ec2, region, signal)),
        ];
        return found.filter((notice) => notice.machines.some((id) => own.has(id)));
      },
    },
    signal,
  );
}

/** Machines inside a maintenance window now, with what is done to them: they are not benchmarked. */
export async function inMaintenance(
  ec2: Ec2,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const own = new Set(machines.map(({ id }) => id));
  const now = ec2.clock.now();
  const found = new Map<string, string>();
  for (const region of new Set(machines.map(({ where }) => where))) {
    try {
      for (const event of await scheduled(ec2, region, signal)) {
        if (own.has(event.id) && begun(event, now)) found.set(event.id, event.code);
      }
    } catch (error) {
      // No permission to ask is no window.
      if (!(error instanceof HarnessError)) throw error;
    }
  }
  return found;
}

interface Scheduled extends Window {
  readonly id: string;
}

async function scheduled(
  ec2: Ec2,
  region: string,
  signal: AbortSignal,
): Promise<readonly Scheduled[]> {
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
    Events.flatMap(({ Code = 'event', Description = '', NotBefore, NotAfter }) => {
      // A past event stays listed for a week, and says so.
      if (id === undefined || isOver(Description)) return [];
      return [
        {
          id,
          code: Code,
          ...(NotBefore !== undefined && { from: NotBefore.getTime() }),
          ...(NotAfter !== undefined && { to: NotAfter.getTime() }),
        },
      ];
    }),
  );
}

async function announced(ec2: Ec2, region: string, signal: AbortSignal): Promise<Notice[]> {
  const now = ec2.clock.now();
  return (await scheduled(ec2, region, signal)).map((event) => ({
    machines: [event.id],
    ...maintenance(event, now),
  }));
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
