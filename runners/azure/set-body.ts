/** The scale set that is asked for: one placement group, nothing more than asked, nothing mended behind our back. */
import type { Ownership } from '../cloud/ownership.ts';
import type { Place, Provision } from './options.ts';

/** What one PUT says beside the plan. */
export interface SetRequest {
  readonly marks: Ownership;
  readonly tags: Readonly<Record<string, string>>;
  readonly publicKey: string;
  readonly capacity: number;
  /** Start of the host names. */
  readonly prefix: string;
  readonly account: string;
  readonly address: 'private' | 'public';
}

/** Body of the PUT. The same request gives the same body. */
export function setBody(provision: Provision, place: Place, request: SetRequest): object {
  const { tags, capacity } = request;
  return {
    location: place.location,
    tags,
    ...(place.zone !== undefined && { zones: [place.zone] }),
    sku: { name: provision.size, tier: 'Standard', capacity },
    properties: {
      orchestrationMode: 'Uniform',
      // More machines than one group holds, or a size that needs none of it, say so by set-size.
      singlePlacementGroup: provision['set-size'] <= 100,
      overprovision: false,
      platformFaultDomainCount: 1,
      upgradePolicy: { mode: 'Manual' },
      // A machine that is replaced in mid-test would hide a fault.
      automaticRepairsPolicy: { enabled: false },
      ...(place['interconnect-block'] !== undefined && {
        highSpeedInterconnectPlacement: 'Trunk',
      }),
      virtualMachineProfile: profile(provision, place, request),
    },
  };
}

function profile(provision: Provision, place: Place, request: SetRequest): object {
  const { publicKey, prefix, account, marks } = request;
  const block = place['interconnect-block'];
  const reserved = place['capacity-reservation-group'];
  return {
    osProfile: {
      computerNamePrefix: prefix,
      adminUsername: account,
      customData: customData(marks),
      linuxConfiguration: {
        disablePasswordAuthentication: true,
        ssh: {
          publicKeys: [{ path: `/home/${account}/.ssh/authorized_keys`, keyData: publicKey }],
        },
      },
    },
    storageProfile: {
      imageReference: imageOf(provision.image),
      osDisk: {
        createOption: 'FromImage',
        caching: 'ReadWrite',
        managedDisk: { storageAccountType: provision['os-disk-type'] },
        ...(provision['os-disk-gib'] !== undefined && { diskSizeGB: provision['os-disk-gib'] }),
      },
    },
    networkProfile: network(place, request),
    // Managed storage: the console log is where the host keys are vouched for.
    diagnosticsProfile: { bootDiagnostics: { enabled: true } },
    ...(place.priority === 'spot'
      ? { priority: 'Spot', evictionPolicy: 'Delete', billingProfile: { maxPrice: -1 } }
      : { priority: 'Regular' }),
    ...(block !== undefined && { interconnectBlockProfile: { interconnectBlock: { id: block } } }),
    ...(reserved !== undefined && {
      capacityReservation: { capacityReservationGroup: { id: reserved } },
    }),
    scheduledEventsProfile: {
      terminateNotificationProfile: { enable: true, notBeforeTimeout: 'PT5M' },
    },
  };
}

function network(place: Place, { address }: SetRequest): object {
  const group = place['interconnect-group'];
  const subgroup = place['interconnect-subgroup'];
  const security = place['security-group'];
  return {
    networkInterfaceConfigurations: [
      {
        name: 'nic0',
        properties: {
          primary: true,
          enableAcceleratedNetworking: true,
          ...(security !== undefined && { networkSecurityGroup: { id: security } }),
          ipConfigurations: [
            {
              name: 'ip0',
              properties: {
                primary: true,
                subnet: { id: place.subnet },
                ...(address === 'public' && {
                  publicIPAddressConfiguration: {
                    name: 'public0',
                    sku: { name: 'Standard' },
                    properties: { deleteOption: 'Delete' },
                  },
                }),
              },
            },
          ],
        },
      },
    ],
    ...(group !== undefined && {
      interconnectGroupProfile: {
        interconnectGroup: { id: group },
        ...(subgroup !== undefined && { subgroups: [{ id: subgroup }] }),
      },
    }),
  };
}

function imageOf(image: string): object {
  if (image.startsWith('/communityGalleries/')) return { communityGalleryImageId: image };
  if (image.startsWith('/sharedGalleries/')) return { sharedGalleryImageId: image };
  if (image.startsWith('/')) return { id: image };
  const [publisher, offer, sku, version] = image.split(':');
  return { publisher, offer, sku, version };
}

/**
 * cloud-init: the guest shuts down at the run's expiry. That ends the work, not the bill: a machine that is
 * stopped from inside is still paid for until it is deleted (docs/providers/azure.md).
 */
function customData({ expires }: Ownership): string {
  const at = Math.floor(expires / 1000);
  const config = {
    bootcmd: [['sh', '-c', `shutdown -P "+$(( (${at} - $(date +%s)) / 60 ))"`]],
  };
  return Buffer.from(`#cloud-config\n${JSON.stringify(config)}\n`).toString('base64');
}
