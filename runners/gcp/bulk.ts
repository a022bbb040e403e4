/** bulkInsert in one zone: names of ours, as many as there are, the reason of each that did not come. */
import type { HarnessError } from '../../plan/errors.ts';
import type { LaunchRequest } from '../cloud/model.ts';
import { mayAgain, providerError, reasonOf } from '../cloud/problem.ts';
import { causeIn, type Gcp } from './client.ts';
import { operationFailed } from './errors.ts';
import { instanceBody, type MachineRequest } from './instance-body.ts';
import { instancesOfZone } from './machines.ts';
import { PREFIX, requestId, RUN_LABEL } from './marks.ts';
import type { Place, Provision } from './options.ts';
import { operationShape, operationsShape } from './shapes.ts';

/** What launching needs of the plan. */
export interface Launching {
  readonly provision: Provision;
  readonly place: Place;
  readonly account: string;
  readonly address: 'private' | 'public';
}

const OPERATION = 'instances.bulkInsert';

/** Sends the call and waits for its end. @returns numeric ids */
export async function bulkInsert(
  gcp: Gcp,
  launching: Launching,
  request: LaunchRequest,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await inserted(gcp, launching, request, true, signal);
  } catch (error) {
    const { message = '' } = error as { readonly message?: string };
    const deadline =
      reasonOf(error) === 'invalid' && /terminationTime|maxRunDuration/u.test(message);
    if (!deadline || launching.place.model !== 'reservation-bound') throw error;
    // Beside a reservation's own end it may not be taken; the expiry stands in the labels still.
    return inserted(gcp, launching, request, false, signal);
  }
}

/** Names of the machines of one call; a later one never takes them again. */
export function namesOf({ token, count }: Pick<LaunchRequest, 'token' | 'count'>): string[] {
  return Array.from(
    { length: count },
    (_, at) => `${PREFIX}${token.slice(0, 16)}-${String(at + 1).padStart(4, '0')}`,
  );
}

async function inserted(
  gcp: Gcp,
  { provision, place, account, address }: Launching,
  request: LaunchRequest,
  deadline: boolean,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { zone } = place;
  const of = `projects/${gcp.project}/zones/${zone}`;
  const { count, marks, publicKey, token } = request;
  const machine: MachineRequest = { marks, publicKey, account, address, deadline };
  const names = namesOf(request);
  const ours = new Set(names);
  const since = new Date(gcp.clock.now() - 3_600_000).toISOString();
  const own = async () => {
    const listed = await instancesOfZone(gcp, zone, `labels.${RUN_LABEL}=${marks.run}`, signal);
    return listed.filter(({ name }) => ours.has(name)).map(({ id }) => id);
  };
  let group: string | undefined;
  try {
    const { value } = await gcp.call({
      operation: OPERATION,
      method: 'POST',
      path: `${of}/instances/bulkInsert?requestId=${requestId(token, deadline ? 1 : 0)}`,
      kind: 'bulk',
      where: zone,
      body: {
        count: String(count),
        // As many as there are: what is missing is asked for again, and that answer says why.
        minCount: '1',
        perInstanceProperties: Object.fromEntries(names.map((name) => [name, {}])),
        instanceProperties: instanceBody(provision, place, machine),
      },
      signal,
      shape: operationShape,
      patience: { again: (error) => mayAgain(error) && !isThere(error) },
    });
    group = value.operationGroupId;
    await gcp.done(of, value.name, OPERATION, signal);
  } catch (error) {
    // Sent again so late that Google forgot the request: the names are ours, the labels tell.
    if (!isThere(error)) throw await better(gcp, of, error, group, since, signal);
  }
  const ids = await own();
  if (ids.length >= count) return ids;
  const late = await waited(gcp, own, count, signal);
  if (late.length >= count) return late;
  throw (
    (await failureOf(gcp, of, group, since, signal)) ??
    providerError('no-capacity', {
      provider: 'gcp',
      operation: OPERATION,
      where: zone,
      code: 'VM_MIN_COUNT_NOT_REACHED',
      message: `${late.length} of ${count} machines came`,
    })
  );
}

/** Seconds in which what was made must show in the list. */
const LAG = 30;

async function waited(
  gcp: Gcp,
  own: () => Promise<readonly string[]>,
  count: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const end = gcp.clock.now() + LAG * 1000;
  for (;;) {
    await gcp.clock.sleep(2000, signal);
    const ids = await own();
    if (ids.length >= count || gcp.clock.now() >= end) return ids;
  }
}

/** The operation's error is a summary: an error of one of its machines says more. */
async function better(
  gcp: Gcp,
  of: string,
  error: unknown,
  group: string | undefined,
  since: string,
  signal: AbortSignal,
): Promise<unknown> {
  const code = (error as Partial<HarnessError>).details?.['providerCode'];
  if (code !== 'VM_MIN_COUNT_NOT_REACHED') return error;
  return (await failureOf(gcp, of, group, since, signal)) ?? error;
}

/** Why machines of a call did not come: the insert operations of its group. */
async function failureOf(
  gcp: Gcp,
  of: string,
  group: string | undefined,
  since: string,
  signal: AbortSignal,
): Promise<HarnessError | undefined> {
  if (group === undefined) return undefined;
  const filter = encodeURIComponent(`(operationType = "insert") AND (insertTime > "${since}")`);
  const pages = await gcp.pages({
    operation: 'zoneOperations.list',
    path: `${of}/operations?filter=${filter}`,
    signal,
    shape: operationsShape,
  });
  const errors = pages
    .flatMap(({ items }) => items ?? [])
    .filter((one) => one.operationGroupId === group)
    .flatMap(({ error }) => error?.errors ?? [])
    .map(causeIn);
  return errors.length === 0
    ? undefined
    : operationFailed(errors, OPERATION, of.split('/').at(-1) ?? of);
}

function isThere(error: unknown): boolean {
  const code = (error as Partial<HarnessError>).details?.['providerCode'];
  return code === 'alreadyExists' || code === 'RESOURCE_ALREADY_EXISTS';
}
