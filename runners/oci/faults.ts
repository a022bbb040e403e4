/**
 * CustomerReportedHostStatus: how OCI is told of a bad host. A defined tag of the tenancy, read when the instance
 * is terminated: the host then goes to repair, and not back to the next customer.
 */
import { HarnessError } from '../../plan/errors.ts';
import type { Fault, FaultReport } from '../model.ts';
import { reportEach, whereKnown, type Said } from '../cloud/faults.ts';
import { mayAgain } from '../cloud/problem.ts';
import type { Oci } from './client.ts';
import { instanceShape, type Instance } from './shapes.ts';

const OPERATION = 'UpdateInstance';
const NAMESPACE = 'ComputeInstanceHostActions';
const KEY = 'CustomerReportedHostStatus';
const STATUS = 'unhealthy';
/** Times that somebody else may change the tags between our look and our call. */
const TURNS = 3;

/** One report a node; sent in the region where the instance is. */
export function reportHosts(
  oci: Oci,
  regions: readonly string[],
  faults: readonly Fault[],
  send: boolean,
  signal: AbortSignal,
): Promise<readonly FaultReport[]> {
  return reportEach(
    faults,
    OPERATION,
    (id) =>
      id.startsWith('ocid1.instance.')
        ? {
            request: { instanceId: id, definedTags: { [NAMESPACE]: { [KEY]: STATUS } } },
            send: () => whereKnown(regions, (region) => tagged(oci, region, id, signal)),
          }
        : undefined,
    send,
  );
}

/** The call replaces all tags: read, merged, written if nobody came between, read again. */
async function tagged(oci: Oci, region: string, id: string, signal: AbortSignal): Promise<Said> {
  for (let turn = 1; ; turn += 1) {
    const { instance, etag } = await look(oci, region, id, signal);
    const { lifecycleState: state = '', definedTags } = instance;
    if (state.startsWith('TERMINAT')) {
      const problem = `${id} is ${state}: the report counts when an instance is terminated; keep: rejected holds it until then`;
      return { problem };
    }
    try {
      await oci.call({
        operation: OPERATION,
        method: 'PUT',
        region,
        path: `/instances/${id}`,
        ...(etag !== null && { ifMatch: etag }),
        body: {
          definedTags: {
            ...definedTags,
            [NAMESPACE]: { ...definedTags?.[NAMESPACE], [KEY]: STATUS },
          },
        },
        shape: instanceShape,
        signal,
        patience: { again: (error) => mayAgain(error) && !isChanged(error), total: 30 },
      });
    } catch (error) {
      if (isChanged(error) && turn < TURNS) continue;
      throw error;
    }
    const after = await look(oci, region, id, signal);
    return after.instance.definedTags?.[NAMESPACE]?.[KEY] === STATUS
      ? { sent: `tagged in ${region}; it counts when the instance is terminated` }
      : { problem: 'it was accepted, and the tag is not there' };
  }
}

async function look(
  oci: Oci,
  region: string,
  id: string,
  signal: AbortSignal,
): Promise<{ readonly instance: Instance; readonly etag: string | null }> {
  const { value, headers } = await oci.call({
    operation: 'GetInstance',
    method: 'GET',
    region,
    path: `/instances/${id}`,
    shape: instanceShape,
    signal,
  });
  return { instance: value, etag: headers.get('etag') };
}

function isChanged(error: unknown): boolean {
  return error instanceof HarnessError && error.details['providerCode'] === 'NoEtagMatch';
}
