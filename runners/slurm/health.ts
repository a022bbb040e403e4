/** The health hook's own call: this node out of service. */
import { hostname } from 'node:os';
import { slurm } from './commands.ts';
import { reasonText } from './drain.ts';
import { isDrained, stateWords } from './node-states.ts';
import { nodeReader } from './node-table.ts';

/** Seconds that slurmctld may take: the hook itself is killed at 60. */
const PATIENCE = 10;

/** How slurmd started us. */
export interface HealthHook {
  /** The node's name in Slurm. */
  readonly node: string;
  /** prolog: our exit drains, so we don't; health: slurmd ignores our exit, so we must. */
  readonly as: 'prolog' | 'health';
}

/** @param environment of this process; slurmd says its node's name there */
export function healthHook(environment: Readonly<Record<string, string | undefined>>): HealthHook {
  const node = environment['SLURMD_NODENAME'] ?? hostname().split('.')[0] ?? '';
  return { node, as: environment['SLURM_JOB_ID'] === undefined ? 'health' : 'prolog' };
}

/**
 * Drains the node, unless somebody has.
 *
 * @param run id of the check
 * @returns what was done, for the log
 * @throws {HarnessError} as `slurm`
 */
export async function drainThisNode(node: string, run: string, reason: string): Promise<string> {
  const [now] = await nodeReader().read([node]);
  if (now !== undefined && isDrained(now)) return `left: ${stateWords(now)}`;
  const why = reasonText(`check ${run}`, reason);
  const update = [`NodeName=${node}`, 'State=DRAIN', `Reason=${why}`];
  await slurm(['scontrol', 'update', ...update], { patience: PATIENCE });
  return `drained: ${why}`;
}
