/** Where instances are: cluster, block, sub-block; the sub-block of A4X is its NVLink domain, a group of TPUs is a slice. */
import type { Domain } from '../model.ts';
import { last, type Instance } from './shapes.ts';

/** Machine types whose sub-block is one NVLink domain of 18 hosts. */
const NVLINK = /^a4x-/u;

/** Machine types with TPUs: their managed group is one slice. */
const TPU = /^(?:ct\d|tpu)/u;

/** @param planned machine type of the plan; absent: the instance's own */
export function domainsOf(instance: Instance, planned?: string): readonly Domain[] {
  const type = planned ?? last(instance.machineType);
  return [...sliceOf(instance, type), ...placesOf(instance, type)];
}

/** The group that an instance was made by, where it has TPUs: the group's name is the only one that its slice has. */
function sliceOf({ metadata, zone }: Instance, type: string): readonly Domain[] {
  if (!TPU.test(type)) return [];
  const by = metadata?.items?.find(({ key }) => key === 'created-by')?.value ?? '';
  if (!by.includes('/instanceGroupManagers/')) return [];
  return [{ kind: 'slice', id: `${last(zone)}/${last(by)}`, from: 'provider' }];
}

function placesOf({ resourceStatus }: Instance, type: string): readonly Domain[] {
  const { cluster, block, subblock } = resourceStatus?.physicalHostTopology ?? {};
  const [hostBlock, hostSub] = fromHost(resourceStatus?.physicalHost);
  const outer = some(block) ?? hostBlock;
  const inner = some(subblock) ?? hostSub;
  if (outer === undefined) return [];
  const from = 'provider' as const;
  const blockId = [some(cluster), outer].filter((one) => one !== undefined).join('/');
  const rack = inner === undefined ? undefined : `${blockId}/${inner}`;
  return [
    ...(rack === undefined || !NVLINK.test(type)
      ? []
      : [{ kind: 'nvlink' as const, id: rack, from }]),
    ...(rack === undefined ? [] : [{ kind: 'rack' as const, id: rack, from }]),
    { kind: 'block' as const, id: blockId, from },
  ];
}

/** "block/subblock/host", with or without a slash in front or a cluster. */
function fromHost(path: string | null | undefined): readonly [block?: string, subblock?: string] {
  const parts = (path ?? '').split('/').filter((part) => part !== '');
  const [block, subblock] = parts.slice(-3);
  if (parts.length < 3 || block === undefined || subblock === undefined) return [];
  return [block, subblock];
}

function some(text: string | null | undefined): string | undefined {
  return text === null || text === '' ? undefined : text;
}
