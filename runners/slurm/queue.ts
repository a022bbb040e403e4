/** Our jobs in Slurm's queue. Fixed formats: squeue --json of 22.05 gives every job of the cluster. */
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError } from '../../plan/errors.ts';
import { expandHosts } from '../ssh/hostlist.ts';
import { slurm } from './commands.ts';

/** A job as squeue has it, also for a while after its end (MinJobAge). */
export interface QueuedJob {
  readonly id: string;
  readonly name: string;
  /** PENDING, RUNNING, COMPLETING, COMPLETED, PREEMPTED, NODE_FAIL, TIMEOUT, CANCELLED … */
  readonly state: string;
  /** Slurm's word for why it waits. */
  readonly reason: string;
  /** Seconds since 1970; absent: not known, or never. */
  readonly end?: number;
  /** Nodes that it has now. */
  readonly nodes: readonly string[];
}

/** Names of our jobs begin so. */
export const JOB_PREFIX = 'assay-';

const FORMAT = '%i|%j|%T|%e|%N|%r';

/**
 * Jobs of this user.
 *
 * @param filter one job name, or one job id; absent: all whose name says that they are ours
 */
export async function ourJobs(
  filter: { readonly name: string } | { readonly job: string } | undefined,
  signal?: AbortSignal,
): Promise<readonly QueuedJob[]> {
  const chosen =
    filter === undefined
      ? ['--me']
      : 'name' in filter
        ? ['--me', `--name=${filter.name}`]
        : [`--jobs=${filter.job}`];
  const ask = ['squeue', '--noheader', '--states=all', ...chosen, '-o', FORMAT] as const;
  const jobs = jobsFromRows(await slurm([...ask], signal && { signal }));
  return filter === undefined ? jobs.filter((job) => job.name.startsWith(JOB_PREFIX)) : jobs;
}

/** Reads squeue's rows. @throws {HarnessError} OUTPUT_UNREADABLE with the line */
export function jobsFromRows(text: string): readonly QueuedJob[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): QueuedJob => {
      const [id = '', name = '', state = '', end = '', nodes = '', reason] = line.split('|');
      if (reason === undefined || !/^\d+/u.test(id)) {
        const shown = JSON.stringify(line.slice(0, 200));
        throw new HarnessError('OUTPUT_UNREADABLE', `squeue says ${shown}`, {
          hint: `Asked was squeue -o '${FORMAT}'; look at what it prints here.`,
        });
      }
      const seconds = Number(end);
      return {
        id,
        name,
        state,
        reason,
        nodes: nodes === '' ? [] : expandHosts(nodes),
        ...(end !== '' && Number.isFinite(seconds) && seconds > 0 && { end: seconds }),
      };
    });
}

/** Whether a job still has, or may yet get, nodes. */
export function isOpen({ state }: QueuedJob): boolean {
  return /^(?:PENDING|CONFIGURING|RUNNING|COMPLETING|SUSPENDED|REQUEUED|REQUEUE_HOLD|REQUEUE_FED|RESIZING|SIGNALING|STAGE_OUT|STOPPED)$/u.test(
    state,
  );
}

/** Jobs' steps but the batch script's own: whether somebody works in it. */
export async function stepsOf(job: string, signal?: AbortSignal): Promise<number> {
  const ask = ['squeue', '--noheader', '--steps', `--jobs=${job}`, '-o', '%i'] as const;
  const text = await slurm([...ask], signal && { signal });
  return text.split('\n').filter((line) => /^\d+\.\d+$/u.test(line.trim())).length;
}

/** Ends jobs; those that have ended are no error. */
export async function cancelJobs(ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await slurm(['scancel', '--quiet', ...ids]);
}

/** Tries to see our jobs gone at the end, a second apart. */
const GOODBYES = 30;

/** Ends every job of a name and sees them gone. @returns what could not be ended */
export async function endAll(name: string): Promise<readonly { id: string; reason: string }[]> {
  try {
    for (let tries = 0; tries < GOODBYES; tries += 1) {
      const open = (await ourJobs({ name })).filter(isOpen);
      if (open.length === 0) return [];
      await cancelJobs(open.filter((job) => job.state !== 'COMPLETING').map((job) => job.id));
      // The nodes are given back; what Slurm still clears away there is its own.
      if (open.every((job) => job.state === 'COMPLETING')) return [];
      await pause(tries === 0 ? 200 : 1000);
    }
    const left = (await ourJobs({ name })).filter(isOpen);
    return left.map((job) => ({ id: `job ${job.id}`, reason: `still ${job.state}` }));
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return [{ id: `jobs named ${name}`, reason: error.message }];
  }
}
