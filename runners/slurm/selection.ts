/** Which nodes a plan means: named ones, or all of a partition, a reservation, a job. */
import { HarnessError } from '../../plan/errors.ts';
import { expandHosts } from '../ssh/hostlist.ts';
import { slurm } from './commands.ts';
import { readConstraint } from './constraint.ts';
import type { SlurmNode } from './node-table.ts';
import type { SlurmOptions } from './options.ts';
import { isOpen, ourJobs, type QueuedJob } from './queue.ts';

/**
 * The job to run inside of, where the plan or our surroundings name one.
 *
 * @param environment of this process: SLURM_JOB_ID inside an allocation
 * @throws {HarnessError} PROVIDER_GONE when it does not run
 */
export async function surroundingJob(
  options: Pick<SlurmOptions, 'job'>,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<QueuedJob | undefined> {
  const id = options.job ?? environment['SLURM_JOB_ID'];
  if (id === undefined || id === 'none' || !/^\d+$/u.test(id)) return undefined;
  const job = (await ourJobs({ job: id }, signal)).find((one) => one.id === id);
  if (job !== undefined && isOpen(job) && job.state === 'RUNNING') return job;
  throw new HarnessError('PROVIDER_GONE', `Slurm job ${id} is ${job?.state ?? 'not there'}`, {
    hint: 'Name a job of yours that runs (fleet.job), or "none" to have one made.',
  });
}

/**
 * The plan's nodes, in the order in which they get their ids.
 *
 * @param known all that Slurm has
 * @param inside nodes of the job around us
 * @throws {HarnessError} PLAN_INVALID when nothing says which, PROVIDER_INVALID when none is left
 */
export async function selectNodes(
  options: SlurmOptions,
  known: readonly SlurmNode[],
  inside: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { nodes, reservation, partition, constraint } = options;
  if (nodes !== undefined) return [...new Set(expandHosts(nodes))];
  const read = constraint === undefined ? undefined : readConstraint(constraint);
  const fits = read !== undefined && 'fits' in read ? read.fits : () => true;
  const base =
    inside ??
    (reservation === undefined
      ? partitionNodes(partition, known)
      : await reservedNodes(reservation, signal));
  const features = new Map(known.map((node) => [node.name, node.features]));
  const names = [...new Set(base)].filter((name) => fits(features.get(name) ?? [])).sort(byNumber);
  if (names.length > 0) return names;
  throw new HarnessError('PROVIDER_INVALID', 'the fleet block names no node that Slurm has', {
    hint: 'Look at partition, reservation and constraint: sinfo -N shows nodes and features.',
  });
}

function partitionNodes(partition: string | undefined, known: readonly SlurmNode[]): string[] {
  if (partition === undefined) {
    throw new HarnessError('PLAN_INVALID', 'the fleet block does not say which nodes are meant', {
      hint: 'Set nodes, partition or reservation, or run inside a job (sbatch, salloc).',
    });
  }
  return known.filter((node) => node.partitions.includes(partition)).map((node) => node.name);
}

async function reservedNodes(name: string, signal: AbortSignal): Promise<readonly string[]> {
  const text = await slurm(['scontrol', '-o', 'show', 'reservation', name], { signal });
  const nodes = /(?:^|\s)Nodes=(\S+)/u.exec(text)?.[1];
  return nodes === undefined || nodes === '(null)' ? [] : expandHosts(nodes);
}

const collator = new Intl.Collator('en', { numeric: true });

/** t2 before t10. */
function byNumber(a: string, b: string): number {
  return collator.compare(a, b);
}

/**
 * Seconds that a job in a partition may run; undefined: for ever, or not known.
 *
 * @param partition absent: the default one
 */
export async function partitionLimit(
  partition: string | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  const ask = ['sinfo', '--noheader', '-o', '%P|%l'] as const;
  const text = await slurm([...ask], { signal });
  for (const line of text.split('\n')) {
    const [name = '', limit = ''] = line.trim().split('|');
    const is = partition === undefined ? name.endsWith('*') : name.replace('*', '') === partition;
    if (is) return readDuration(limit);
  }
  return undefined;
}

/** Seconds of Slurm's `days-hours:minutes:seconds` in all its short forms; undefined: infinite. */
export function readDuration(text: string): number | undefined {
  const parts = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/u.exec(text.trim());
  if (parts === null) return undefined;
  const [, days, ...rest] = parts;
  const numbers = rest.filter((one) => one !== undefined).map(Number);
  const [first = 0, second = 0, third = 0] = numbers;
  if (days !== undefined) return Number(days) * 86_400 + first * 3600 + second * 60 + third;
  if (numbers.length === 3) return first * 3600 + second * 60 + third;
  return numbers.length === 2 ? first * 60 + second : first * 60;
}
