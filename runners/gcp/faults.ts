/** reportHostAsFaulty: how Google is told of a bad host. It STOPS the machine ten minutes later. */
import { HarnessError } from '../../plan/errors.ts';
import type { Fault, FaultReport } from '../model.ts';
import { anything } from '../cloud/rest.ts';
import type { Gcp } from './client.ts';
import { instancesIn } from './machines.ts';
import { requestId } from './marks.ts';
import { last } from './shapes.ts';

const OPERATION = 'instances.reportHostAsFaulty';
/** Longest description that is sent. */
const MOST = 1000;

/** One report a node; sent in the zone where the instance is found. */
export async function reportHosts(
  gcp: Gcp,
  faults: readonly Fault[],
  send: boolean,
  signal: AbortSignal,
): Promise<readonly FaultReport[]> {
  const reports: FaultReport[] = [];
  for (const fault of faults) {
    const id = fault.identity.find(({ kind }) => kind === 'provider-id')?.value;
    if (id === undefined || !/^\d+$/u.test(id)) {
      const problem = 'no id of a Compute Engine instance is known for it';
      reports.push({ node: fault.node, operation: OPERATION, request: {}, problem });
      continue;
    }
    const body = {
      disruptionSchedule: 'IMMEDIATE',
      faultReasons: [
        {
          behavior: behaviorOf(fault.reasons),
          description: fault.reasons.join('; ').slice(0, MOST),
        },
      ],
    };
    const report = { node: fault.node, operation: OPERATION, request: { instance: id, ...body } };
    reports.push(send ? { ...report, ...(await sent(gcp, id, body, signal)) } : report);
  }
  return reports;
}

function behaviorOf(reasons: readonly string[]): string {
  const text = reasons.join(' ');
  if (/wrong|digest|correct/iu.test(text)) return 'SILENT_DATA_CORRUPTION';
  return /\bXID\b|ecc|row.?remap|CUDA/iu.test(text) ? 'UNRECOVERABLE_GPU_ERROR' : 'PERFORMANCE';
}

async function sent(
  gcp: Gcp,
  id: string,
  body: object,
  signal: AbortSignal,
): Promise<Pick<FaultReport, 'sent' | 'problem'>> {
  try {
    const { found } = await instancesIn(gcp, `id = ${id}`, signal);
    const [instance] = found;
    if (instance === undefined) return { problem: `${id} is in no zone` };
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
    return { sent: `accepted in ${zone}` };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return { problem: error.message };
  }
}
