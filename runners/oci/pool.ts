/** What makes machines by a number: a configuration of them, then something that fills; what does not come is not waited for behind our back. */
import type { LaunchRequest } from '../cloud/model.ts';
import { requestToken } from '../cloud/ownership.ts';
import { mayAgain, providerError } from '../cloud/problem.ts';
import { isGone, pauseBefore } from '../cloud/rest.ts';
import type { Oci } from './client.ts';
import { isUnseen, type Launching } from './cluster.ts';
import { instanceBody, nameOf } from './instance-body.ts';
import { thingShape } from './shapes.ts';
import { tagsOf } from './tags.ts';
import { failureOf, type Why } from './work-requests.ts';

/** Seconds in which what was just made may be unknown to the next call. */
const LAG = 60;
const OVER = /^(?:TERMINAT|DELET)/u;

/** Something that fills with machines. */
export interface Pool {
  /** The creating call's name. */
  readonly operation: string;
  readonly region: string;
  /** Whose work requests tell why machines did not come; absent: nobody's. */
  readonly told?: string;
  /** Its state and the ids of its members now. */
  seen(): Promise<{ readonly state: string; readonly members: readonly string[] }>;
  /** Makes it as large as what came, or lets it go. @throws {HarnessError} */
  close(size: number): Promise<void>;
}

/** Makes the configuration that a pool is filled by. @returns its id, and when it was made */
export async function configured(
  oci: Oci,
  { provision, place, address }: Launching,
  request: LaunchRequest,
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly made: number }> {
  const { compartment: compartmentId } = oci;
  const launchDetails = instanceBody(provision, place, {
    ...request,
    compartment: compartmentId,
    address,
  });
  const { value } = await oci.call({
    operation: 'CreateInstanceConfiguration',
    method: 'POST',
    region: place.region,
    path: '/instanceConfigurations',
    retryToken: requestToken(40, request.token, 'configuration'),
    body: {
      compartmentId,
      displayName: nameOf(request),
      freeformTags: tagsOf(request.marks, request.place),
      source: 'NONE',
      instanceDetails: { instanceType: 'compute', launchDetails },
    },
    shape: thingShape,
    signal,
  });
  return { id: value.id, made: oci.clock.now() };
}

/** For the call that names what was made a moment ago: it may be unknown there yet. */
export function unseenAgain({ clock }: Oci, made: number): (error: unknown) => boolean {
  return (error) => mayAgain(error) || (isUnseen(error) && clock.now() - made < LAG * 1000);
}

/**
 * Waits until a pool is full or has failed.
 *
 * @param patience seconds
 * @returns ids of its members
 * @throws {HarnessError} why it is not full; members that came stay, and none comes after
 */
export async function filled(
  oci: Oci,
  pool: Pool,
  { count }: LaunchRequest,
  patience: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { region, told, operation } = pool;
  const end = oci.clock.now() + patience * 1000;
  for (let turn = 0; ; turn += 1) {
    const { state, members } = await pool.seen();
    if (members.length >= count) return members;
    const over = OVER.test(state);
    const failure =
      told === undefined ? undefined : await failureOf(oci, region, told, undefined, signal);
    if (failure !== undefined || over || oci.clock.now() >= end) {
      const why: Why = failure ?? {
        reason: 'no-capacity',
        code: state,
        message: `${members.length} of ${count} machines came`,
      };
      await closed(pool, members.length);
      throw providerError(why.reason, { provider: 'oci', operation, where: region, ...why });
    }
    await oci.clock.sleep(pauseBefore(turn, undefined), signal);
  }
}

async function closed(pool: Pool, size: number): Promise<void> {
  try {
    await pool.close(size);
  } catch (error) {
    // It ended by itself; release looks for it again.
    if (!isGone(error) && !mayAgain(error)) throw error;
  }
}
