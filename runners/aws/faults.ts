/** ReportInstanceStatus: how AWS is told that an instance is impaired. Feedback only: it replaces nothing. */
import type { ReportInstanceStatusRequest, ReportInstanceReasonCodes } from '@aws-sdk/client-ec2';
import { HarnessError } from '../../plan/errors.ts';
import type { Fault, FaultReport } from '../model.ts';
import { reasonOf } from '../cloud/problem.ts';
import type { Ec2 } from './client.ts';

const OPERATION = 'ReportInstanceStatus';
/** Longest description that is sent. */
const MOST = 1000;

/** One report a node; sent in the region where the instance is. */
export async function reportInstances(
  ec2: Ec2,
  regions: readonly string[],
  faults: readonly Fault[],
  send: boolean,
  signal: AbortSignal,
): Promise<readonly FaultReport[]> {
  const reports: FaultReport[] = [];
  for (const fault of faults) {
    const id = fault.identity.find(({ kind }) => kind === 'provider-id')?.value;
    if (id === undefined) {
      const problem = 'no instance id is known for it';
      reports.push({ node: fault.node, operation: OPERATION, request: {}, problem });
      continue;
    }
    const input = reportOf(id, fault);
    const request = JSON.parse(JSON.stringify(input)) as Record<string, unknown>;
    const report = { node: fault.node, operation: OPERATION, request };
    reports.push(send ? { ...report, ...(await sent(ec2, regions, input, signal)) } : report);
  }
  return reports;
}

/** The call for one fault. */
function reportOf(id: string, { reasons, from, to }: Fault): ReportInstanceStatusRequest {
  return {
    Instances: [id],
    Status: 'impaired',
    ReasonCodes: [reasonCode(reasons)],
    StartTime: new Date(from),
    EndTime: new Date(to),
    Description: reasons.join('; ').slice(0, MOST),
  };
}

function reasonCode(reasons: readonly string[]): ReportInstanceReasonCodes {
  const text = reasons.join(' ');
  if (/SSH_|unreachable/iu.test(text)) return 'unresponsive';
  return /nccl\.|busbw|efa/iu.test(text) ? 'performance-network' : 'performance-other';
}

async function sent(
  ec2: Ec2,
  regions: readonly string[],
  input: ReportInstanceStatusRequest,
  signal: AbortSignal,
): Promise<Pick<FaultReport, 'sent' | 'problem'>> {
  let problem = 'it is in no region of the plan';
  for (const region of regions) {
    try {
      await ec2.call(region, OPERATION, input, { signal });
      return { sent: `accepted in ${region}` };
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      problem = error.message;
      if (reasonOf(error) !== 'gone') break;
    }
  }
  return { problem };
}
