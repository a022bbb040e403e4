/** The provisioner of a plan: machines by bulkInsert, slices by managed groups or by the TPU API. */
import type { Machine, Provisioner } from '../cloud/model.ts';
import { bulkInsert } from './bulk.ts';
import type { Gcp } from './client.ts';
import { instancesIn, machineOf } from './machines.ts';
import { RUN_LABEL } from './marks.ts';
import { isTpuApi, type Place, type Provision } from './options.ts';
import { gcpHoldings } from './release.ts';
import { last } from './shapes.ts';
import { makeSlice } from './slice.ts';
import { hostsOf } from './slice-size.ts';
import { makeTpu } from './tpu-make.ts';
import { nodesIn, workersOf } from './tpu.ts';

/** What launching needs of the plan. */
export interface GcpPlan {
  readonly provision: Provision;
  readonly address: 'private' | 'public';
  /** The account that is made on the machines. */
  readonly account: string;
  /** Seconds in which a slice must fill. */
  readonly patience: number;
}

/** Machines of one bulkInsert: Google takes 5,000. */
const BULK = 1000;

export function gcpProvisioner(gcp: Gcp, plan: GcpPlan): Provisioner {
  const { provision, address, account, patience } = plan;
  const { type, topology, mechanism } = provision;
  const places = new Map(provision.places.map((place) => [nameOf(place), place]));
  const reservations = new Set(
    provision.places.flatMap(({ reservation }) => (reservation === undefined ? [] : reservation)),
  );
  return {
    ...gcpHoldings(gcp, provision),
    places: [...places.keys()],
    batch: topology === undefined ? BULK : hostsOf(type, topology),
    launch(request, signal) {
      const place = places.get(request.place);
      if (place === undefined) throw new TypeError(`${request.place} is no place of this plan`);
      const launching = { provision, place, account, address };
      switch (mechanism) {
        case 'bulk':
          return bulkInsert(gcp, launching, request, signal);
        case 'slice':
          return makeSlice(gcp, launching, request, patience, signal);
        case 'tpu-node':
        case 'queued-resource':
          return makeTpu(gcp, launching, request, patience, signal);
      }
    },
    async machines(run, signal) {
      if (isTpuApi(mechanism)) return hostsOfRun(gcp, plan, run, signal);
      const { found } = await instancesIn(gcp, `labels.${RUN_LABEL}=${run}`, signal);
      return found
        .map((instance) => {
          const machine = machineOf(instance, address, type);
          const consumed = instance.resourceStatus?.reservationConsumptionInfo?.consumedReservation;
          // A slip out of the reservation would be measured, and billed, as if it were in it.
          const wrong =
            reservations.size > 0 &&
            typeof consumed === 'string' &&
            ![...reservations].some(
              (one) => last(one.split('/reservationBlocks')[0]) === last(consumed),
            );
          return wrong && machine.life === 'running' ? outside(machine, consumed) : machine;
        })
        .sort(byAge);
    },
  };
}

/** Hosts of the nodes of a run, in the zones of the plan: slice by slice, in worker order. */
async function hostsOfRun(
  gcp: Gcp,
  { provision, address }: GcpPlan,
  run: string,
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  const zones = [...new Set(provision.places.map(({ zone }) => zone))];
  const lists = await Promise.all(
    zones.map(async (zone) => {
      const { found } = await nodesIn(gcp, zone, signal);
      return found
        .filter(({ labels }) => labels?.[RUN_LABEL] === run)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((node) => workersOf(node, zone, address));
    }),
  );
  return lists.flat();
}

/** A place in one word: zone, and the reservation or the model. */
function nameOf({ zone, reservation, model }: Place): string {
  return [
    zone,
    ...(reservation === undefined ? [] : [reservation.split('/').slice(3).join('.')]),
    ...(model === 'spot' ? [model] : []),
  ].join('/');
}

function outside(machine: Machine, consumed: string): Machine {
  const message = `it consumes ${consumed}, not the reservation of the plan`;
  return {
    ...machine,
    life: 'held',
    why: { reason: 'invalid', code: 'outside the reservation', message },
  };
}

function byAge(a: Machine, b: Machine): number {
  return (a.since ?? 0) - (b.since ?? 0) || ((a.name ?? a.id) < (b.name ?? b.id) ? -1 : 1);
}
