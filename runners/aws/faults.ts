/** ReportInstanceStatus: how AWS is told that an instance is impaired. Feedback only: it replaces nothing. */
import type { ReportInstanceStatusRequest, ReportInstanceReasonCodes } from '@aws-sdk/client-ec2';
import { descriptionOf, reportEach, whereKnown } from '../cloud/faults.ts';
import type { Fault, FaultReport } from '../model.ts';
import type { Ec2 } from './client.ts';

const OPERATION = 'ReportInstanceStatus';

/** One report a node; sent in the region where the instance is. */
export function reportInstances(
  ec2: Ec2,
  regions: readonly string[],
  faults: readonly Fault[],
  send: boolean,
  signal: AbortSignal,
): Promise<readonly FaultReport[]> {
  return reportEach(
    faults,
    OPERATION,
    (id, fault) => {
      const input = reportOf(id, fault);
      return {
        request: JSON.parse(JSON.stringify(input)) as Record<string, unknown>,
        send: () =>
          whereKnown(regions, async (region) => {
            await ec2.call(region, OPERATION, input, { signal });
            return `accepted in ${region}`;
          }),
      };
    },
    send,
  );
}

/** The call for one fault. */
function reportOf(id: string, fault: Fault): ReportInstanceStatusRequest {
  return {
    Instances: [id],
    Status: 'impaired',
    ReasonCodes: [reasonCode(fault.reasons)],
    StartTime: new Date(fault.from),
    EndTime: new Date(fault.to),
    Description: descriptionOf(fault),
  };
}

function reasonCode(reasons: readonly string[]): ReportInstanceReasonCodes {
  const text = reasons.join(' ');
  if (/SSH_|unreachable/iu.test(text)) return 'unresponsive';
  return /nccl\.|busbw|efa/iu.test(text) ? 'performance-network' : 'performance-other';
}
