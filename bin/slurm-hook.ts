/** `assay check --slurm-health`: slurmd's health hook and prolog. Only a fail takes a node out of service. */
import type { CampaignResult } from '../campaign/setup.ts';
import { judgedNodes } from '../campaign/service.ts';
import { drainThisNode, healthHook } from '../runners/slurm/health.ts';
import { printable, type Io } from './terminal.ts';

/**
 * Drains this node by its own call where slurmd does not look at our exit.
 *
 * @throws {HarnessError} when slurmctld refuses or does not answer
 */
export async function actForSlurm(result: CampaignResult, io: Io): Promise<void> {
  const { judgement, sealed, id } = result;
  if (!sealed || judgement?.verdict.lot.verdict !== 'reject') return;
  const { node, as } = healthHook(process.env);
  const why = judgedNodes(judgement.verdict).find(({ verdict }) => verdict === 'fail')?.reason;
  const reason = why ?? judgement.verdict.lot.reasons.join('; ');
  if (as === 'prolog') {
    io.err(printable(`slurm: ${node} fails as a prolog: ${reason}`));
    return;
  }
  io.err(printable(`slurm: ${node} ${await drainThisNode(node, id, reason)}`));
}
