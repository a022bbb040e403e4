/** The machine that is asked for: the same for bulkInsert and for the template of a group. */
import type { Ownership } from '../cloud/ownership.ts';
import { labelsOf } from './marks.ts';
import type { Place, Provision } from './options.ts';

/** What one call says beside the plan. */
export interface MachineRequest {
  readonly marks: Ownership;
  readonly publicKey: string;
  readonly account: string;
  readonly address: 'private' | 'public';
  /** False: Google did not take a deadline of ours beside the reservation's own end. */
  readonly deadline: boolean;
}

/** Google's word for the plan's. */
export const MODELS = {
  standard: 'STANDARD',
  'reservation-bound': 'RESERVATION_BOUND',
  spot: 'SPOT',
} as const;

/** `instanceProperties`, or the `properties` of a template. Machine type and disk type are bare names here. */
export function instanceBody(provision: Provision, place: Place, request: MachineRequest): object {
  const { marks, publicKey, account, deadline } = request;
  // Only the TPU API has none.
  const { type, image = '' } = provision;
  const labels = labelsOf(marks);
  const disk = provision['disk-type'];
  const email = provision['service-account'];
  const { reservation } = place;
  const policy = place['placement-policy'];
  return {
    machineType: type,
    labels,
    disks: [
      {
        boot: true,
        // The default keeps it, and the bill.
        autoDelete: true,
        initializeParams: {
          sourceImage: image,
          diskSizeGb: String(provision['disk-gib']),
          ...(disk !== undefined && { diskType: disk }),
          labels,
        },
      },
    ],
    networkInterfaces: interfacesOf(place, request.address),
    scheduling: {
      provisioningModel: MODELS[place.model],
      // Machines with GPUs can't be moved.
      onHostMaintenance: 'TERMINATE',
      // A restart elsewhere would hide a fault.
      automaticRestart: false,
      instanceTerminationAction: 'DELETE',
      ...(deadline && { terminationTime: new Date(marks.expires).toISOString() }),
    },
    reservationAffinity:
      reservation === undefined
        ? { consumeReservationType: 'NO_RESERVATION' }
        : {
            consumeReservationType: 'SPECIFIC_RESERVATION',
            key: 'compute.googleapis.com/reservation-name',
            values: [reservation],
          },
    metadata: {
      items: [
        { key: 'ssh-keys', value: `${account}:${publicKey}` },
        { key: 'enable-oslogin', value: 'FALSE' },
        { key: 'block-project-ssh-keys', value: 'TRUE' },
        // The guest agent writes its host keys where only Google can answer for them.
        { key: 'enable-guest-attributes', value: 'TRUE' },
      ],
    },
    ...(policy !== undefined && { resourcePolicies: [policy] }),
    ...(email !== undefined && {
      serviceAccounts: [{ email, scopes: ['https://www.googleapis.com/auth/cloud-platform'] }],
    }),
  };
}

function interfacesOf(
  { network, subnetwork, interfaces }: Place,
  address: 'private' | 'public',
): readonly object[] {
  return [
    {
      network,
      subnetwork,
      nicType: 'GVNIC',
      ...(address === 'public' && {
        accessConfigs: [{ name: 'External NAT', type: 'ONE_TO_ONE_NAT' }],
      }),
    },
    ...interfaces.map((one) => ({
      network: one.network,
      ...(one.subnetwork !== undefined && { subnetwork: one.subnetwork }),
      nicType: one.type,
    })),
  ];
}
