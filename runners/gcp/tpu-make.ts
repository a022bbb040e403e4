/** A slice by the TPU API: a node of many hosts, at once or by the queue; what does not come is not waited for behind our back. */
import type { z } from 'zod';
import type { HarnessError } from '../../plan/errors.ts';
import type { LaunchRequest, Machine } from '../cloud/model.ts';
import { mayAgain, providerError } from '../cloud/problem.ts';
import { isGone, pauseBefore } from '../cloud/rest.ts';
import type { Launching } from './bulk.ts';
import type { Gcp } from './client.ts';
import { operationFailed, type Cause } from './errors.ts';
import { labelsOf, PREFIX, requestId } from './marks.ts';
import { hostsOf, TPU_TYPES } from './slice-size.ts';
import { queuedResourceShape, tpuNodeShape, tpuOperationShape } from './shapes.ts';
import { deleteTpu } from './tpu-release.ts';
import { workersOf } from './tpu.ts';

/** gRPC's numbers in its words. */
const WORDS: Readonly<Record<number, string>> = {
  3: 'INVALID_ARGUMENT',
  5: 'NOT_FOUND',
  6: 'ALREADY_EXISTS',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'ABORTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
};

/** States of a queued resource from which no machine comes. */
const OVER = new Set(['FAILED', 'SUSPENDING', 'SUSPENDED', 'DELETING']);

/**
 * Makes a node, or a queued resource for one, and waits until its hosts are there.
 *
 * @param patience seconds
 * @returns ids of its hosts
 * @throws {HarnessError} why they are not; what was asked for is deleted by then
 */
export async function makeTpu(
  gcp: Gcp,
  launching: Launching,
  request: LaunchRequest,
  patience: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { provision, place } = launching;
  const { type, topology = '', mechanism } = provision;
  const hosts = hostsOf(type, topology);
  const queued = mechanism === 'queued-resource';
  const slice = new Slice(gcp, launching, request, queued, signal);
  if (request.count !== hosts) {
    throw slice.failed('no-capacity', {
      code: 'WHOLE_SLICES_ONLY',
      message: `a slice ${topology} of ${type} has ${hosts} hosts, not ${request.count}`,
    });
  }
  const operation = await slice.ask(patience);
  const end = gcp.clock.now() + patience * 1000;
  try {
    for (let turn = 0; ; turn += 1) {
      const workers = await slice.workers();
      if (workers.length >= hosts) return workers.map(({ id }) => id);
      const failure = queued ? await slice.refusal() : await slice.outcome(operation);
      if (failure !== undefined) throw operationFailed([failure], slice.operation, place.zone);
      if (gcp.clock.now() >= end) {
        const message = `${workers.length} of ${hosts} hosts after ${patience} s`;
        throw slice.failed('no-capacity', { code: 'SLICE_NOT_FILLED', message });
      }
      await gcp.clock.sleep(pauseBefore(turn, undefined), signal);
    }
  } catch (error) {
    // It would come when nobody waits for it.
    await slice.drop();
    throw error;
  }
}

/** One node under way, and the queued resource of the same name where there is one. */
class Slice {
  readonly operation: string;
  readonly #gcp: Gcp;
  readonly #launching: Launching;
  readonly #request: LaunchRequest;
  readonly #queued: boolean;
  readonly #signal: AbortSignal;
  readonly #id: string;
  readonly #parent: string;

  constructor(
    gcp: Gcp,
    launching: Launching,
    request: LaunchRequest,
    queued: boolean,
    signal: AbortSignal,
  ) {
    this.operation = queued ? 'queuedResources.create' : 'nodes.create';
    this.#gcp = gcp;
    this.#launching = launching;
    this.#request = request;
    this.#queued = queued;
    this.#signal = signal;
    this.#id = `${PREFIX}${request.token.slice(0, 16)}`;
    this.#parent = `projects/${gcp.project}/locations/${launching.place.zone}`;
  }

  /** Sends the creating call. @returns its operation; undefined: it was sent before */
  async ask(patience: number): Promise<string | undefined> {
    const id = this.#id;
    const path = this.#queued
      ? `queuedResources?queuedResourceId=${id}&requestId=${requestId(this.#request.token, 'queue')}`
      : `nodes?nodeId=${id}`;
    try {
      const { value } = await this.#gcp.call({
        api: 'tpu',
        operation: this.operation,
        method: 'POST',
        path: `${this.#parent}/${path}`,
        where: this.#launching.place.zone,
        body: this.#queued ? this.#queuedBody(patience) : this.#nodeBody(),
        signal: this.#signal,
        shape: tpuOperationShape,
        patience: { again: (error) => mayAgain(error) && !isThere(error) },
      });
      return value.name;
    } catch (error) {
      // The name is this call's alone.
      if (isThere(error)) return undefined;
      throw error;
    }
  }

  /** Hosts of the node; none while it is not ready. */
  async workers(): Promise<readonly Machine[]> {
    const node = await this.#look('nodes.get', `nodes/${this.#id}`, tpuNodeShape);
    if (node?.state !== 'READY') return [];
    const { place, address } = this.#launching;
    return workersOf(node, place.zone, address);
  }

  /** Why the queue gives none; undefined: it may still. */
  async refusal(): Promise<Cause | undefined> {
    const path = `queuedResources/${this.#id}`;
    const one = await this.#look('queuedResources.get', path, queuedResourceShape);
    const { state = 'gone', failedData } = one?.state ?? {};
    if (one !== undefined && !OVER.has(state)) return undefined;
    return causeOf(failedData?.error) ?? { code: state, message: 'it left the queue' };
  }

  /** Why the creating call failed; undefined: it did not, or nobody knows its operation any more. */
  async outcome(operation: string | undefined): Promise<Cause | undefined> {
    if (operation === undefined) return undefined;
    const { value } = await this.#gcp.call({
      api: 'tpu',
      operation: 'tpuOperations.get',
      method: 'GET',
      path: operation,
      signal: this.#signal,
      shape: tpuOperationShape,
    });
    return causeOf(value.error);
  }

  /** Nothing of it may come any more. */
  async drop(): Promise<void> {
    const kind = this.#queued ? 'queuedResources' : 'nodes';
    await deleteTpu(this.#gcp, `${this.#parent}/${kind}/${this.#id}`, this.#signal);
  }

  failed(reason: 'no-capacity', cause: Cause): HarnessError {
    const where = this.#launching.place.zone;
    return providerError(reason, { provider: 'gcp', operation: this.operation, where, ...cause });
  }

  async #look<T>(operation: string, path: string, shape: z.ZodType<T>): Promise<T | undefined> {
    try {
      const call = { api: 'tpu', operation, method: 'GET', signal: this.#signal, shape } as const;
      const { value } = await this.#gcp.call({ ...call, path: `${this.#parent}/${path}` });
      return value;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  #queuedBody(patience: number): object {
    const { place } = this.#launching;
    const { reservation, model } = place;
    const [, project = '', , name = ''] = reservation?.split('/') ?? [];
    return {
      tpu: { nodeSpec: [{ parent: this.#parent, nodeId: this.#id, node: this.#nodeBody() }] },
      ...(model === 'spot' && { spot: {} }),
      ...(reservation !== undefined && {
        reservationName: `projects/${project}/locations/${place.zone}/reservations/${name}`,
      }),
      // The queue itself forgets it by then.
      queueingPolicy: { validUntilDuration: `${Math.ceil(patience)}s` },
    };
  }

  #nodeBody(): object {
    const { provision, place, account, address } = this.#launching;
    const { type, topology } = provision;
    const { marks, publicKey } = this.#request;
    const email = provision['service-account'];
    const { network, subnetwork, reservation, model } = place;
    return {
      acceleratorConfig: { type: TPU_TYPES[type], topology },
      runtimeVersion: provision['runtime-version'],
      networkConfig: { network, subnetwork, enableExternalIps: address === 'public' },
      schedulingConfig: {
        ...(reservation !== undefined && { reserved: true }),
        ...(model === 'spot' && { spot: true }),
      },
      labels: labelsOf(marks),
      metadata: {
        'ssh-keys': `${account}:${publicKey}`,
        'enable-oslogin': 'FALSE',
        'block-project-ssh-keys': 'TRUE',
        'enable-guest-attributes': 'TRUE',
      },
      ...(email !== undefined && {
        serviceAccount: { email, scope: ['https://www.googleapis.com/auth/cloud-platform'] },
      }),
    };
  }
}

function causeOf(error: z.output<typeof tpuOperationShape>['error']): Cause | undefined {
  if (error === null || error === undefined) return undefined;
  const { code = 0, message = '' } = error;
  return { code: WORDS[code] ?? `gRPC ${code}`, message };
}

function isThere(error: unknown): boolean {
  const code = (error as Partial<HarnessError>).details?.['providerCode'];
  return code === 'alreadyExists' || code === 'ALREADY_EXISTS';
}
