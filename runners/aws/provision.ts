/** RunInstances into capacity that is reserved already: batches with a token each, tagged from their first second. */
import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import type { LaunchRequest, Machine, Provisioner } from '../cloud/model.ts';
import type { Ec2 } from './client.ts';
import { interfacesFor } from './interfaces.ts';
import { listInstances, machineOf } from './machines.ts';
import type { Provision } from './options.ts';
import { ec2Holdings } from './release.ts';
import { RUN_TAG, tagsOf } from './tags.ts';
import { placedByTopology } from './topology.ts';

type Place = Provision['places'][number];

/** What launching needs of the plan. */
export interface Ec2Plan {
  readonly provision: Provision;
  readonly address: 'private' | 'public';
}

/** The provisioner of a plan. */
export function ec2Provisioner(ec2: Ec2, { provision, address }: Ec2Plan): Provisioner {
  const { places, batch } = provision;
  const regions = [...new Set(places.map(({ region }) => region))];
  // By their order: the journal names them, and a subnet is nobody else's business.
  const named = new Map(places.map((place, at) => [`place-${at + 1}`, place]));
  const reservations = new Set(places.flatMap(({ reservation }) => reservation ?? []));
  return {
    ...ec2Holdings(ec2, regions),
    places: [...named.keys()],
    batch,
    async launch(request, signal) {
      const place = named.get(request.place);
      if (place === undefined) throw new TypeError(`${request.place} is no place of this plan`);
      const input = launchInput(provision, place, request);
      const calling = { signal, instances: request.count };
      const { Instances = [] } = await ec2.call(place.region, 'RunInstances', input, calling);
      return Instances.flatMap(({ InstanceId }) => InstanceId ?? []);
    },
    async machines(run, signal) {
      const lists = await Promise.all(
        regions.map(async (region) => {
          const filters = [{ Name: `tag:${RUN_TAG}`, Values: [run] }];
          return (await listInstances(ec2, region, filters, signal)).flatMap((instance) => {
            const machine = machineOf(instance, region, address);
            if (machine === undefined) return [];
            // A slip to On-Demand would be measured, and billed, as if it were the reservation.
            const { CapacityReservationId: in_ } = instance;
            const wrong = reservations.size > 0 && (in_ === undefined || !reservations.has(in_));
            return [wrong && machine.life === 'running' ? outside(machine, in_) : machine];
          });
        }),
      );
      return lists.flat().sort(byAge);
    },
    placed: (machines, signal) => placedByTopology(ec2, machines, signal),
  };
}

/** The creating call. The same request gives the same call, byte for byte: its token asks for that. */
export function launchInput(
  provision: Provision,
  place: Place,
  { count, token, marks, publicKey }: LaunchRequest,
): RunInstancesRequest {
  const { type, image, 'instance-profile': profile, 'volume-gib': volume } = provision;
  const { market, reservation, subnet, 'placement-group': group } = place;
  const tags = tagsOf(marks);
  const kinds = ['instance', 'volume', 'network-interface'] as const;
  return {
    ImageId: image,
    InstanceType: type as NonNullable<RunInstancesRequest['InstanceType']>,
    // As many as there are: what is missing is asked for again, and that answer says why.
    MinCount: 1,
    MaxCount: count,
    ClientToken: token,
    NetworkInterfaces: interfacesFor(type, subnet, provision['security-groups']),
    TagSpecifications: [
      ...kinds.map((kind) => ({ ResourceType: kind, Tags: tags })),
      ...(market === 'spot'
        ? [{ ResourceType: 'spot-instances-request' as const, Tags: tags }]
        : []),
    ],
    UserData: userData(publicKey, marks.expires),
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
    // Moving a machine in mid-test would hide a fault.
    MaintenanceOptions: { AutoRecovery: 'disabled' },
    BlockDeviceMappings: [
      {
        DeviceName: provision['root-device'],
        Ebs: { VolumeSize: volume, VolumeType: 'gp3', DeleteOnTermination: true },
      },
    ],
    // The guest's own shutdown at its expiry ends it; the default would only stop it.
    ...(market !== 'spot' && { InstanceInitiatedShutdownBehavior: 'terminate' as const }),
    ...(market !== 'on-demand' && { InstanceMarketOptions: { MarketType: market } }),
    ...(reservation !== undefined && {
      CapacityReservationSpecification: {
        // The default falls back to On-Demand in silence when the reservation is full.
        ...(market !== 'capacity-block' && {
          CapacityReservationPreference: 'capacity-reservations-only' as const,
        }),
        CapacityReservationTarget: { CapacityReservationId: reservation },
      },
    }),
    ...(group !== undefined && { Placement: { GroupName: group } }),
    ...(profile !== undefined && { IamInstanceProfile: { Name: profile } }),
  };
}

/** cloud-init: the run's key, and the machine's own end. Base64: the SDK sends it as it is. */
export function userData(publicKey: string, expires: number): string {
  const at = Math.floor(expires / 1000);
  const config = {
    ssh_authorized_keys: [publicKey],
    // At every boot, so that a reboot does not lose it.
    bootcmd: [['sh', '-c', `shutdown -P "+$(( (${at} - $(date +%s)) / 60 ))"`]],
  };
  return Buffer.from(`#cloud-config\n${JSON.stringify(config)}\n`).toString('base64');
}

function outside(machine: Machine, in_: string | undefined): Machine {
  const message = `it runs in ${in_ ?? 'no reservation'}, not in the one of the plan`;
  return {
    ...machine,
    life: 'held',
    why: { reason: 'invalid', code: 'outside the reservation', message },
  };
}

function byAge(a: Machine, b: Machine): number {
  return (a.since ?? 0) - (b.since ?? 0) || (a.id < b.id ? -1 : 1);
}
