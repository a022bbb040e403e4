/** A slice: a managed instance group with a workload policy. TPUs of Compute Engine and A4X come this way, whole or not. */
import { z } from 'zod';
import type { HarnessError } from '../../plan/errors.ts';
import type { LaunchRequest } from '../cloud/model.ts';
import { mayAgain, providerError } from '../cloud/problem.ts';
import { anything, pauseBefore, refusalOf } from '../cloud/rest.ts';
import type { Launching } from './bulk.ts';
import { causeIn, type Gcp } from './client.ts';
import { operationFailed } from './errors.ts';
import { instanceBody } from './instance-body.ts';
import { instancesOfZone } from './machines.ts';
import { described, PREFIX, requestId, RUN_LABEL } from './marks.ts';
import { hostsOf } from './slice-size.ts';
import { last, membersShape, operationShape } from './shapes.ts';

/** TPU machine types; only they fill in one go. */
const TPU = /^(?:ct\d|tpu)/u;

/** Policy, template and group, then the wait for its machines; a group that does not fill is deleted. */
export async function makeSlice(
  gcp: Gcp,
  launching: Launching,
  request: LaunchRequest,
  patience: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { provision, place } = launching;
  const { token, count, marks } = request;
  const { type, topology = '' } = provision;
  const { zone } = place;
  if (count !== hostsOf(type, topology)) {
    throw providerError('no-capacity', {
      provider: 'gcp',
      operation: 'instanceGroupManagers.insert',
      where: zone,
      code: 'WHOLE_SLICES_ONLY',
      message: `a slice ${topology} of ${type} has ${hostsOf(type, topology)} hosts, not ${count}`,
    });
  }
  const name = `${PREFIX}${token.slice(0, 16)}`;
  const region = zone.replace(/-[^-]+$/u, '');
  const project = `projects/${gcp.project}`;
  const description = described(marks);
  const make = (of: string, kind: string, body: object) =>
    made(gcp, `${project}/${of}`, kind, { name, description, ...body }, token, signal);
  await make(`regions/${region}`, 'resourcePolicies', {
    workloadPolicy: { type: 'HIGH_THROUGHPUT', acceleratorTopology: topology },
  });
  const { account, address } = launching;
  await make('global', 'instanceTemplates', {
    properties: instanceBody(provision, place, {
      marks,
      publicKey: request.publicKey,
      account,
      address,
      deadline: place.model !== 'reservation-bound',
    }),
  });
  await make(`zones/${zone}`, 'instanceGroupManagers', {
    baseInstanceName: name,
    versions: [{ instanceTemplate: `${project}/global/instanceTemplates/${name}` }],
    targetSize: count,
    ...(TPU.test(type) && { targetSizePolicy: { mode: 'BULK' } }),
    resourcePolicies: {
      workloadPolicy: `${project}/regions/${region}/resourcePolicies/${name}`,
    },
    // A machine that is made anew would destroy the evidence.
    instanceLifecyclePolicy: { defaultActionOnFailure: 'DO_NOTHING' },
  });
  try {
    return await filled(gcp, `${project}/zones/${zone}`, name, request, patience, signal);
  } catch (error) {
    // It would go on trying, and come when nobody waits for it.
    const path = `${project}/zones/${zone}/instanceGroupManagers/${name}?requestId=${requestId(token, 'drop')}`;
    await refusalOf(() =>
      gcp.call({
        operation: 'instanceGroupManagers.delete',
        method: 'DELETE',
        path,
        signal,
        shape: anything,
      }),
    );
    throw error;
  }
}

/** Makes one thing; that it is there already is fine: its name is this call's alone. */
async function made(
  gcp: Gcp,
  of: string,
  kind: string,
  body: object,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  const operation = `${kind}.insert`;
  try {
    const { value } = await gcp.call({
      operation,
      method: 'POST',
      path: `${of}/${kind}?requestId=${requestId(token, kind)}`,
      where: last(of),
      body,
      signal,
      shape: operationShape,
      patience: { again: (error) => mayAgain(error) && !isThere(error) },
    });
    await gcp.done(of, value.name, operation, signal);
  } catch (error) {
    if (!isThere(error)) throw error;
  }
}

const groupShape = z.object({
  status: z
    .object({
      bulkInstanceOperation: z.object({ inProgress: z.boolean().optional() }).nullish(),
    })
    .nullish(),
});

/** Waits until all machines of the group are listed, one of them failed for good, or patience ends. */
async function filled(
  gcp: Gcp,
  of: string,
  name: string,
  { count, marks }: LaunchRequest,
  patience: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const end = gcp.clock.now() + patience * 1000;
  const zone = last(of);
  for (let turn = 0; ; turn += 1) {
    const own = await instancesOfZone(gcp, zone, `labels.${RUN_LABEL}=${marks.run}`, signal);
    const ids = own.filter((one) => one.name.startsWith(`${name}-`)).map(({ id }) => id);
    if (ids.length >= count) return ids;
    const pages = await gcp.pages({
      operation: 'instanceGroupManagers.listManagedInstances',
      method: 'POST',
      path: `${of}/instanceGroupManagers/${name}/listManagedInstances`,
      where: zone,
      signal,
      shape: membersShape,
    });
    const errors = pages
      .flatMap(({ managedInstances }) => managedInstances ?? [])
      .flatMap(({ lastAttempt }) => lastAttempt?.errors?.errors ?? [])
      .map(causeIn);
    const { value } = await gcp.call({
      operation: 'instanceGroupManagers.get',
      method: 'GET',
      path: `${of}/instanceGroupManagers/${name}`,
      where: zone,
      signal,
      shape: groupShape,
    });
    const waiting = value.status?.bulkInstanceOperation?.inProgress === true;
    const late = gcp.clock.now() >= end;
    if (errors.length > 0 && (!waiting || late)) {
      throw operationFailed(errors, 'instanceGroupManagers.insert', zone);
    }
    if (late) {
      throw providerError('no-capacity', {
        provider: 'gcp',
        operation: 'instanceGroupManagers.insert',
        where: zone,
        code: 'SLICE_NOT_FILLED',
        message: `${ids.length} of ${count} hosts after ${patience} s`,
      });
    }
    await gcp.clock.sleep(pauseBefore(turn, undefined), signal);
  }
}

function isThere(error: unknown): boolean {
  const code = (error as Partial<HarnessError>).details?.['providerCode'];
  return code === 'alreadyExists' || code === 'RESOURCE_ALREADY_EXISTS';
}
