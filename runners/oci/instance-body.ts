/** The instance that is asked for: the same for a launch and for the configuration of a pool. */
import type { LaunchRequest } from '../cloud/model.ts';
import type { Place, Provision } from './options.ts';
import { tagsOf } from './tags.ts';

/** What one call says beside the plan. */
export interface InstanceRequest extends Pick<LaunchRequest, 'marks' | 'publicKey' | 'token'> {
  readonly compartment: string;
  readonly place: string;
  readonly address: 'private' | 'public';
}

/** Without the first two an RDMA interface has no authentication and no address. */
const PLUGINS = [
  'Compute HPC RDMA Authentication',
  'Compute HPC RDMA Auto-Configuration',
  'Compute RDMA GPU Monitoring',
];

/** Name of what one call makes. */
export function nameOf({ token }: Pick<LaunchRequest, 'token'>): string {
  return `assay-${token.slice(0, 16)}`;
}

/** Body of a launch, `launchDetails` of a configuration. The same request gives the same body. */
export function instanceBody(provision: Provision, place: Place, request: InstanceRequest): object {
  const { marks, publicKey, compartment } = request;
  const freeformTags = tagsOf(marks, request.place);
  const definedTags = provision['defined-tags'];
  const size = provision['boot-volume-gib'];
  const faultDomain = place['fault-domain'];
  const capacityReservationId = place['capacity-reservation'];
  const nsgIds = place['security-groups'];
  return {
    availabilityDomain: place['availability-domain'],
    compartmentId: compartment,
    shape: provision.shape,
    displayName: nameOf(request),
    ...(faultDomain !== undefined && { faultDomain }),
    ...(capacityReservationId !== undefined && { capacityReservationId }),
    createVnicDetails: {
      subnetId: place.subnet,
      assignPublicIp: request.address === 'public',
      ...(nsgIds.length > 0 && { nsgIds }),
      freeformTags,
    },
    sourceDetails: {
      sourceType: 'image',
      imageId: place.image,
      ...(size !== undefined && { bootVolumeSizeInGBs: size }),
    },
    metadata: { ssh_authorized_keys: publicKey },
    agentConfig: {
      areAllPluginsDisabled: false,
      isMonitoringDisabled: false,
      isManagementDisabled: false,
      pluginsConfig: PLUGINS.map((name) => ({ name, desiredState: 'ENABLED' })),
    },
    instanceOptions: { areLegacyImdsEndpointsDisabled: true },
    freeformTags,
    ...(definedTags !== undefined && { definedTags }),
  };
}
