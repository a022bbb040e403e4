/** Guest Health Reporting: how Azure is told that a node is unhealthy. "Unhealthy" takes it out of service. */
import { createHash } from 'node:crypto';
import { descriptionOf, reportEach } from '../cloud/faults.ts';
import type { Fault, FaultReport } from '../model.ts';
import { VERSION } from './client.ts';

const OPERATION = 'WorkloadImpacts_Create';

/**
 * One report a node, prepared. Azure asks for the name of the physical host, which is written inside the guest
 * only and is not known here: the report is complete but for it, and is not sent by us.
 *
 * @param scope "/subscriptions/…"
 */
export function prepareImpacts(
  scope: string,
  faults: readonly Fault[],
): Promise<readonly FaultReport[]> {
  return reportEach(
    faults,
    OPERATION,
    (id, fault) => {
      const name = uuidOf(id, fault.from);
      const path = `${scope}/providers/Microsoft.Impact/workloadImpacts/${name}?api-version=${VERSION.impact}`;
      return {
        request: { method: 'PUT', path, body: { properties: impact(id, fault) } },
        problem:
          'PhysicalHostName is missing: read it in the guest (/var/lib/hyperv/.kvp_pool_3), then send the request by az rest; the subscription must be onboarded',
      };
    },
    false,
  );
}

function impact(id: string, fault: Fault): object {
  const { reasons, from, to } = fault;
  return {
    startDateTime: from,
    reportedTimeUtc: to,
    impactCategory: `Resource.Hpc.Unhealthy.${categoryOf(reasons)}`,
    impactDescription: descriptionOf(fault),
    impactedResourceId: id,
    additionalProperties: { PhysicalHostName: '' },
  };
}

function categoryOf(reasons: readonly string[]): string {
  const text = reasons.join(' ');
  const xid = /\bXID[ :=]*(48|79|94|95)\b/iu.exec(text)?.[1];
  if (xid === '79') return 'XID79FallenOffBus';
  if (xid === '48') return 'XID48DoubleBitECC';
  if (xid === '94') return 'XID94ContainedECCError';
  if (xid === '95') return 'XID95UncontainedECCError';
  if (/row.?remap/iu.test(text)) return 'HpcRowRemapFailure';
  if (/nccl\.|busbw/iu.test(text)) return 'IBPerformance';
  if (/memory\.|bandwidth/iu.test(text)) return 'GPUMemoryBWFailure';
  return 'HpcGenericFailure';
}

/** The same fault gets the same name: sent twice, it is one report. */
function uuidOf(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(parts.join('\n')).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/u, '$1-$2-5$3-8$4-$5');
}
