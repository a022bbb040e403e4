/** Where virtual machines are, as far as Azure says: NVLink subgroup and placement group. */
import type { Domain } from '../model.ts';
import type { Vm } from './shapes.ts';

/** An InfiniBand leaf has no API; the racks of GB200 and GB300 are subgroups of an interconnect group. */
export function domainsOf({ properties }: Pick<Vm, 'properties'>): readonly Domain[] {
  const { placementGroupId, interconnectInstanceView } = properties.instanceView ?? {};
  const subgroup = interconnectInstanceView?.interconnectSubgroupId;
  const from = 'provider' as const;
  return [
    ...(subgroup === undefined || subgroup === null || subgroup === ''
      ? []
      : [{ kind: 'nvlink' as const, id: subgroup, from }]),
    // One partition key: machines of another placement group can't be reached over InfiniBand.
    ...(placementGroupId === undefined || placementGroupId === null || placementGroupId === ''
      ? []
      : [{ kind: 'block' as const, id: `placement-group:${placementGroupId}`, from }]),
  ];
}
