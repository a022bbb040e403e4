/** What carries our tags in EC2, and its deletion: instances, then what they left behind. */
import type { Tag } from '@aws-sdk/client-ec2';
import { HarnessError } from '../../plan/errors.ts';
import type { Holdings, Listing, Resource } from '../cloud/model.ts';
import type { Scope } from '../cloud/ownership.ts';
import { reasonOf } from '../cloud/problem.ts';
import { pages, type Calls, type Ec2 } from './client.ts';
import { listInstances } from './machines.ts';
import { marksOf, RUN_TAG } from './tags.ts';

/** AWS advises batches; a bad id spoils its whole batch. */
const BATCH = 100;
const PAGE = 200;
const LIVE = ['pending', 'running', 'shutting-down', 'stopping', 'stopped'];

/**
 * @param regions where this plan makes machines; a sweep looks into every enabled region
 */
export function ec2Holdings(ec2: Ec2, regions: readonly string[]): Holdings {
  return {
    provider: 'aws',
    order: ['instance', 'network-interface', 'volume'],
    async holdings(scope, signal) {
      const where = scope.everywhere === true ? await allRegions(ec2, regions, signal) : regions;
      const found: Resource[] = [];
      const blind: Listing<Resource>['blind'][number][] = [];
      let failure: HarnessError | undefined;
      for (const region of where) {
        try {
          found.push(...(await holdingsIn(ec2, region, scope, signal)));
        } catch (error) {
          if (!(error instanceof HarnessError)) throw error;
          failure = error;
          blind.push({ where: region, reason: error.message });
        }
      }
      if (failure !== undefined && blind.length === where.length) throw failure;
      return { found, blind };
    },
    async remove(resources, signal) {
      const refused: { id: string; reason: string }[] = [];
      const note = (id: string, error: HarnessError) => refused.push({ id, reason: error.message });
      const byRegion = new Map<string, string[]>();
      for (const { id, kind, where, state } of resources) {
        if (kind === 'instance') {
          // What is on its way out is only waited for.
          if (state === 'shutting-down') continue;
          byRegion.set(where, [...(byRegion.get(where) ?? []), id]);
          continue;
        }
        try {
          if (kind === 'volume')
            await ec2.call(where, 'DeleteVolume', { VolumeId: id }, { signal });
          else {
            const input = { NetworkInterfaceId: id };
            await ec2.call(where, 'DeleteNetworkInterface', input, { signal });
          }
        } catch (error) {
          if (!(error instanceof HarnessError)) throw error;
          if (reasonOf(error) !== 'gone') note(id, error);
        }
      }
      for (const [region, ids] of byRegion) {
        const batches: string[][] = [];
        for (let at = 0; at < ids.length; at += BATCH) batches.push(ids.slice(at, at + BATCH));
        await Promise.all(batches.map((batch) => terminate(ec2, region, batch, note, signal)));
      }
      return refused;
    },
  };
}

/** Enabled regions; those of the plan first. */
async function allRegions(
  ec2: Ec2,
  own: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [first = 'us-east-1'] = own;
  const { Regions = [] } = await ec2.call(
    first,
    'DescribeRegions',
    { AllRegions: false },
    { signal },
  );
  return [...new Set([...own, ...Regions.flatMap(({ RegionName }) => RegionName ?? [])])];
}

async function holdingsIn(
  ec2: Ec2,
  region: string,
  scope: Scope,
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  // One run is a filter; several, or all that is past its expiry, are told apart by us.
  const [run] = scope.runs;
  const tagged =
    scope.expiredBy === undefined && scope.runs.length === 1 && run !== undefined
      ? { Name: `tag:${RUN_TAG}`, Values: [run] }
      : { Name: 'tag-key', Values: [RUN_TAG] };
  const resource = (
    kind: string,
    id: string | undefined,
    tags: readonly Tag[] | undefined,
    state: string | undefined,
  ): readonly Resource[] => {
    const marks = marksOf(tags);
    if (marks === undefined || id === undefined) return [];
    return [{ id, kind, where: region, marks, state: state ?? 'unknown' }];
  };
  const listed = <K extends 'DescribeNetworkInterfaces' | 'DescribeVolumes'>(operation: K) => {
    // Attached ones go with their instance.
    const Filters = [tagged, { Name: 'status', Values: ['available'] }];
    return (token: string | undefined): Promise<Calls[K][1]> =>
      ec2.call(
        region,
        operation,
        { Filters, MaxResults: PAGE, ...(token !== undefined && { NextToken: token }) },
        { signal },
      );
  };
  const live = { Name: 'instance-state-name', Values: LIVE };
  const [instances, interfaces, volumes] = await Promise.all([
    listInstances(ec2, region, [tagged, live], signal),
    pages(listed('DescribeNetworkInterfaces'), (page) => page.NetworkInterfaces),
    pages(listed('DescribeVolumes'), (page) => page.Volumes),
  ]);
  return [
    ...instances
      .filter(({ State }) => State?.Name !== 'terminated')
      .flatMap((one) => resource('instance', one.InstanceId, one.Tags, one.State?.Name)),
    ...interfaces.flatMap((one) =>
      resource('network-interface', one.NetworkInterfaceId, one.TagSet, one.Status),
    ),
    ...volumes.flatMap((one) => resource('volume', one.VolumeId, one.Tags, one.State)),
  ];
}

/** One bad id refuses a whole call: the batch is halved until the bad one stands alone. */
async function terminate(
  ec2: Ec2,
  region: string,
  ids: readonly string[],
  note: (id: string, error: HarnessError) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const calling = { signal, instances: ids.length };
    await ec2.call(region, 'TerminateInstances', { InstanceIds: [...ids] }, calling);
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    const [id = ''] = ids;
    if (ids.length > 1) {
      const half = Math.ceil(ids.length / 2);
      await terminate(ec2, region, ids.slice(0, half), note, signal);
      await terminate(ec2, region, ids.slice(half), note, signal);
    } else if (error.details['providerCode'] === 'OperationNotPermitted') {
      await unprotect(ec2, region, id, note, signal);
    } else if (reasonOf(error) !== 'gone') note(id, error);
  }
}

/** Somebody has protected a machine of ours: it carries our tag, so the protection is taken off once. */
async function unprotect(
  ec2: Ec2,
  region: string,
  id: string,
  note: (id: string, error: HarnessError) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const input = { InstanceId: id, DisableApiTermination: { Value: false } };
    await ec2.call(region, 'ModifyInstanceAttribute', input, { signal });
    await ec2.call(region, 'TerminateInstances', { InstanceIds: [id] }, { signal, instances: 1 });
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    if (reasonOf(error) !== 'gone') note(id, error);
  }
}
