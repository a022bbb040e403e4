/** An EC2 instance as a machine of ours. */
import type { Filter, Instance } from '@aws-sdk/client-ec2';
import type { Machine } from '../cloud/model.ts';
import { pages, type Ec2 } from './client.ts';
import { reasonFor } from './errors.ts';

/** Instances a page: 33 interfaces each make 15 kB an instance. */
const PAGE = 200;

/** Every instance that fits, pages followed. */
export function listInstances(
  ec2: Ec2,
  region: string,
  filters: readonly Filter[],
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  return pages(
    (token) =>
      ec2.call(
        region,
        'DescribeInstances',
        {
          Filters: [...filters],
          MaxResults: PAGE,
          ...(token !== undefined && { NextToken: token }),
        },
        { signal },
      ),
    (page) => page.Reservations?.flatMap(({ Instances }) => Instances ?? []),
  );
}

/** The low byte of a state's code decides; a word that we don't know is *held*. */
const LIFE: Readonly<Record<number, Machine['life']>> = {
  0: 'starting',
  16: 'running',
  32: 'ended',
  48: 'ended',
  64: 'held',
  80: 'held',
};

/**
 * @param address which address is reached
 */
export function machineOf(
  instance: Instance,
  region: string,
  address: 'private' | 'public',
): Machine | undefined {
  const { InstanceId: id, State, StateReason, Placement, LaunchTime } = instance;
  if (id === undefined) return undefined;
  const code = State?.Code === undefined ? undefined : State.Code & 0xff;
  const reach = address === 'public' ? instance.PublicIpAddress : instance.PrivateIpAddress;
  const fabric = instance.PrivateIpAddress;
  const why = StateReason?.Code === undefined ? undefined : StateReason;
  const group = Placement?.GroupName;
  return {
    id,
    where: region,
    life: (code === undefined ? undefined : LIFE[code]) ?? 'held',
    state: State?.Name ?? 'unknown',
    ...(why?.Code !== undefined && {
      why: {
        // "Server.InsufficientInstanceCapacity", "Client.VolumeLimitExceeded"
        reason: reasonFor(why.Code.replace(/^(?:Server|Client)\./u, ''), 500),
        code: why.Code,
        message: why.Message ?? '',
      },
    }),
    ...(reach !== undefined && reach !== '' && { address: reach }),
    ...(fabric !== undefined && fabric !== '' && { fabricAddress: fabric }),
    ...(LaunchTime !== undefined && { since: LaunchTime.getTime() }),
    domains:
      group === undefined || group === ''
        ? []
        : [{ kind: 'block', id: `placement-group:${group}`, from: 'provider' }],
  };
}
