/** A compute cluster a place, and a launch a node into it: a token, an error and a place of its own for each. */
import { HarnessError } from '../../plan/errors.ts';
import type { LaunchRequest } from '../cloud/model.ts';
import { requestToken } from '../cloud/ownership.ts';
import { mayAgain } from '../cloud/problem.ts';
import { isGone } from '../cloud/rest.ts';
import { query, type Oci } from './client.ts';
import { gate, type Gate } from './gate.ts';
import { instanceBody, nameOf } from './instance-body.ts';
import type { Place, Provision } from './options.ts';
import { instanceShape, thingShape } from './shapes.ts';
import { marksOf, placeMark, placeOf, tagsOf } from './tags.ts';

/** What launching needs of the plan. */
export interface Launching {
  readonly provision: Provision;
  readonly place: Place;
  readonly address: 'private' | 'public';
}

interface Cluster {
  readonly id: string;
  /** When it was made by us; absent: it was there. */
  readonly made?: number;
}

/** Seconds in which what was just made may be unknown to the next call. */
const LAG = 60;
/** Clusters of one place that one run may have made and given back before. */
const GENERATIONS = 10;

/** Launches into clusters; `told`: the work request of each instance. */
export class ClusterLaunches {
  readonly #oci: Oci;
  readonly #told: Map<string, string>;
  readonly #gates = new Map<string, Gate>();
  readonly #clusters = new Map<string, Promise<Cluster>>();

  constructor(oci: Oci, told: Map<string, string>) {
    this.#oci = oci;
    this.#told = told;
  }

  /** One launch. @returns the instance's id */
  launch(
    launching: Launching,
    request: LaunchRequest,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const through = this.#gates.get(request.place) ?? gate();
    this.#gates.set(request.place, through);
    return through(() => this.#launch(launching, request, signal));
  }

  async #launch(
    { provision, place, address }: Launching,
    request: LaunchRequest,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { clock, compartment } = this.#oci;
    const cluster = await this.at(place, request, signal);
    const { value, headers } = await this.#oci.call({
      operation: 'LaunchInstance',
      method: 'POST',
      region: place.region,
      path: '/instances',
      kind: 'launch',
      retryToken: request.token,
      body: {
        ...instanceBody(provision, place, { ...request, compartment, address }),
        computeClusterId: cluster.id,
      },
      shape: instanceShape,
      signal,
      patience: {
        again: (error) =>
          mayAgain(error) || (isUnseen(error) && clock.now() - (cluster.made ?? 0) < LAG * 1000),
      },
    });
    const work = headers.get('opc-work-request-id');
    if (work !== null) this.#told.set(value.id, work);
    return [value.id];
  }

  /** The cluster of a place, made when there is none. @throws {HarnessError} PROVIDER_* */
  at(place: Place, request: LaunchRequest, signal: AbortSignal): Promise<Cluster> {
    const { place: name } = request;
    const known = this.#clusters.get(name);
    if (known !== undefined) return known;
    const made = this.#ensure(place, request, signal);
    this.#clusters.set(name, made);
    made.catch(() => this.#clusters.delete(name));
    return made;
  }

  async #ensure(place: Place, request: LaunchRequest, signal: AbortSignal): Promise<Cluster> {
    const { compartment: compartmentId, clock } = this.#oci;
    const { marks, place: name } = request;
    const { region, 'availability-domain': availabilityDomain } = place;
    const clusters = await this.#oci.list({
      operation: 'ListComputeClusters',
      region,
      path: `/computeClusters${query({ compartmentId, availabilityDomain })}`,
      item: thingShape,
      signal,
    });
    const own = clusters.find(
      ({ freeformTags, lifecycleState }) =>
        lifecycleState === 'ACTIVE' &&
        marksOf(freeformTags)?.run === marks.run &&
        placeOf(freeformTags) === placeMark(name),
    );
    if (own !== undefined) return { id: own.id };
    const { 'hpc-island': hpcIslandId, 'network-blocks': targetNetworkBlockIds } = place;
    for (let generation = 0; ; generation += 1) {
      const token = requestToken(40, marks.run, 'compute cluster', name, generation);
      try {
        const { value } = await this.#oci.call({
          operation: 'CreateComputeCluster',
          method: 'POST',
          region,
          path: '/computeClusters',
          retryToken: token,
          body: {
            availabilityDomain,
            compartmentId,
            displayName: nameOf({ token }),
            freeformTags: tagsOf(marks, name),
            ...(hpcIslandId !== undefined && {
              placementConstraintDetails: {
                type: 'COMPUTE_CLUSTER',
                hpcIslandId,
                ...(targetNetworkBlockIds !== undefined && { targetNetworkBlockIds }),
              },
            }),
          },
          shape: thingShape,
          signal,
        });
        if (value.lifecycleState === 'ACTIVE') return { id: value.id, made: clock.now() };
      } catch (error) {
        // The token's cluster was given back: a run that is taken up makes another.
        if (!isGone(error) || generation >= GENERATIONS) throw error;
      }
    }
  }
}

/** The body names something that this part of OCI has not seen yet, or that is not ours. */
export function isUnseen(error: unknown): boolean {
  return (
    error instanceof HarnessError &&
    error.details['providerCode'] === 'RelatedResourceNotAuthorizedOrNotFound'
  );
}
