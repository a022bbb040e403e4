/** Jobs that earlier runs left in the queue. */
import { HarnessError } from '../../plan/errors.ts';
import type { Leftover, Swept, SweepRequest } from '../swept.ts';
import { cancelJobs, isOpen, JOB_PREFIX, ourJobs, type QueuedJob, stepsOf } from './queue.ts';

/**
 * This user's jobs that a run of assay made: those of the runs that are named, and, when what is expired is
 * asked for, those in which nobody works: their controller is gone. A job with a step is that of a run under
 * way and is not meant unless its run is named.
 */
export async function sweepJobs(request: SweepRequest, signal: AbortSignal): Promise<Swept> {
  const leftovers: Leftover[] = [];
  for (const job of (await ourJobs(undefined, signal)).filter(isOpen)) {
    const run = job.name.slice(JOB_PREFIX.length);
    const idle = job.state !== 'RUNNING' || (await stepsOf(job.id, signal)) === 0;
    if (!request.runs.includes(run) && !(request.expired && idle)) continue;
    leftovers.push(await leftover(job, run, request.apply));
  }
  return { leftovers, blind: [] };
}

async function leftover(job: QueuedJob, run: string, apply: boolean): Promise<Leftover> {
  const { id, end, state: word } = job;
  const expires = end !== undefined && new Date(end * 1000).toISOString();
  const what = { id, kind: 'job', where: 'slurm', run, ...(expires !== false && { expires }) };
  if (!apply) return { ...what, state: 'found' };
  try {
    if (word !== 'COMPLETING') await cancelJobs([id]);
    return { ...what, state: 'deleted' };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return { ...what, state: 'left', reason: error.message };
  }
}
