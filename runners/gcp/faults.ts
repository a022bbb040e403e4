/** reportHostAsFaulty: how Google is told of a bad host. It STOPS the machine ten minutes later. */
import { descriptionOf, reportEach } from '../cloud/faults.ts';
import { providerError } from '../cloud/problem.ts';
import { anything } from '../cloud/rest.ts';
import type { Fault, FaultReport } from '../model.ts';
import type { Gcp } from './client.ts';
import { instancesIn } from './machines.ts';
import { requestId } from './marks.ts';
import { last } from './shapes.ts';

const OPERATION = 'instances.reportHostAsFaulty';

/** One report a node; sent in the zone where the instance is found. */
export function reportHosts(
  gcp: Gcp,
  faults: readonly Fault[],
  send: boolean,
  signal: AbortSignal,
): Promise<readonly FaultReport[]> {
  return reportEach(
    faults,
    OPERATION,
    (id, fault) => {
      // Hosts of the TPU API have no such call.
      if (!/^\d+$/u.test(id)) return undefined;
      const body = {
        disruptionSchedule: 'IMMEDIATE',
        faultReasons: [{ behavior: behaviorOf(fault.reasons), description: descriptionOf(fault) }],
      };
      return { request: { instance: id, ...body }, send: () => sent(gcp, id, body, signal) };
    },
    send,
  );
}

function behaviorOf(reasons: readonly string[]): string {
  const text = reasons.join(' ');
  if (/wrong|digest|correct/iu.test(text)) return 'SILENT_DATA_CORRUPTION';
  return /\bXID\b|ecc|row.?remap|CUDA/iu.test(text) ? 'UNRECOVERABLE_GPU_ERROR' : 'PERFORMANCE';
}

async function sent(gcp: Gcp, id: string, body: object, signal: AbortSignal): Promise<string> {
  const { found } = await instancesIn(gcp, `id = ${id}`, signal);
  const [instance] = found;
  if (instance === undefined) {
    const said = { provider: 'gcp', operation: OPERATION, code: 'notFound' };
    throw providerError('gone', { ...said, message: `${id} is in no zone` });
  }
  const zone = last(instance.zone);
  await gcp.call({
    operation: OPERATION,
    method: 'POST',
    path: `projects/${gcp.project}/zones/${zone}/instances/${id}/reportHostAsFaulty?requestId=${requestId(id, JSON.stringify(body))}`,
    where: zone,
    body,
    signal,
    shape: anything,
  });
  return `accepted in ${zone}`;
}
