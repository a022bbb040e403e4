/** Nodes of a Slurm cluster as a fleet: inside a job that is there, or in jobs of our own. */
import { createHash } from 'node:crypto';
import { HarnessError } from '../../plan/errors.ts';
import type { Fleet, RunContext, Runner } from '../model.ts';
import { sessionFleet, type Target } from '../session/fleet.ts';
import { gate } from '../session/gate.ts';
import { nameless } from '../session/nameless.ts';
import { collect } from '../session/shell.ts';
import { containerWords } from './container.ts';
import { slurm } from './commands.ts';
import { gone } from './demand.ts';
import { returnDrained, serviceNodes } from './drain.ts';
import { Losses, slurmFleet } from './fleet.ts';
import { gpusOf } from './gres.ts';
import { Holds } from './holds.ts';
import { lostWithin, unusable } from './node-states.ts';
import { type NodeReader, nodeReader, type SlurmNode } from './node-table.ts';
import type { SlurmOptions } from './options.ts';
import { isOpen, JOB_PREFIX, ourJobs, type QueuedJob } from './queue.ts';
import { partitionLimit, selectNodes, surroundingJob } from './selection.ts';
import { stepShell } from './step-shell.ts';
import { sweepJobs } from './sweep.ts';
import { featureDomains, topologyDomains } from './topology.ts';

/** Seconds that a job of ours may run where the plan does not say. */
const TIME = { hold: 8 * 3600, opportunistic: 3600 } as const;
/** Seconds without any step after which a job of ours ends itself, at least. */
const IDLE = 20;

/** The runner for a checked block of the plan. */
export function slurmRunner(options: SlurmOptions): Runner {
  return {
    open: (context, signal) => open(options, context, signal),
    sweep: sweepJobs,
    giveBack: (drained, apply) => returnDrained(drained, apply, nodeReader()),
  };
}

async function open(
  options: SlurmOptions,
  context: RunContext,
  signal: AbortSignal,
): Promise<Fleet> {
  const reader = nodeReader();
  const around = await surroundingJob(options, process.env, signal);
  const known = await reader.read(undefined, signal);
  const names = await selectNodes(options, known, around?.nodes, signal);
  await sameAsBefore(names, context);
  const losses = new Losses();
  const name = `${JOB_PREFIX}${context.run}`;
  const holds = new Holds(
    {
      name,
      within: around?.id,
      partition: options.partition,
      account: options.account,
      qos: options.qos,
      reservation: options.reservation,
      nice: options.nice,
      opportunistic: options.mode === 'opportunistic' && around === undefined,
      timeLimit: await timeLimit(options, signal),
      idle: Math.max(IDLE, context.fleet.lease),
      queueWait: options['queue-wait'],
      poll: options.poll,
      linger: options.linger,
    },
    reader,
    (node, kind, detail) => losses.tell(node, kind, detail),
    (message) => context.tell?.(message),
  );
  try {
    for (const job of around === undefined ? await ourJobs({ name }, signal) : [around]) {
      if (isOpen(job)) holds.adopt(job);
    }
    const targets = await targetsOf(names, known, { options, holds, around }, signal);
    const inner = await sessionFleet(context, targets, signal);
    const fleet = slurmFleet(inner, holds, losses, (ranks, job) => {
      const least = Math.min(...ranks.map((rank) => promised(rank, known)));
      return launcher(options, ranks, job, least);
    });
    return nameless({ ...fleet, ...service(fleet, options, reader, context) });
  } catch (error) {
    await holds.close();
    throw error;
  }
}

/** Drain and return, where the plan asks for it. */
function service(
  fleet: Fleet,
  { drain }: SlurmOptions,
  reader: NodeReader,
  context: RunContext,
): Pick<Fleet, 'service'> {
  if (drain === undefined) return {};
  const nameOf = new Map(fleet.nodes.map((node) => [node.id, node.name]));
  return {
    service: (judged) =>
      serviceNodes(
        judged.flatMap((one) => {
          const name = nameOf.get(one.node);
          return name === undefined ? [] : [{ ...one, name }];
        }),
        drain,
        reader,
        context,
      ),
  };
}

/** Ids are positions: a resumed run must mean the same nodes by them. */
async function sameAsBefore(names: readonly string[], context: RunContext): Promise<void> {
  const nodes = createHash('sha256').update(names.join('\n')).digest('hex');
  const before = context.pending().find((record) => 'slurm' in record);
  if (before === undefined) {
    await context.intent({ slurm: 'jobs', name: `${JOB_PREFIX}${context.run}`, nodes });
  } else if (before['nodes'] !== nodes) {
    throw new HarnessError('PROVIDER_CONFLICT', 'the fleet block means other nodes than before', {
      hint: 'Resume where the run began (the same partition, reservation or job), or name its nodes in the plan.',
    });
  }
}

async function timeLimit(options: SlurmOptions, signal: AbortSignal): Promise<number> {
  const given = options['time-limit'];
  if (given !== undefined) return given;
  const most = await partitionLimit(options.partition, signal);
  return Math.min(TIME[options.mode], most ?? Number.POSITIVE_INFINITY);
}

async function targetsOf(
  names: readonly string[],
  known: readonly SlurmNode[],
  run: {
    readonly options: SlurmOptions;
    readonly holds: Holds;
    readonly around: QueuedJob | undefined;
  },
  signal: AbortSignal,
): Promise<readonly Target[]> {
  const { options } = run;
  const byName = new Map(known.map((node) => [node.name, node]));
  const topology = topologyDomains(await slurm(['scontrol', 'show', 'topology'], { signal }));
  const pace = gate(options['steps-at-once']);
  const container = containerWords(options.container);
  return names.map((name): Target => {
    const node = byName.get(name);
    const gpus = gpusOf(node?.gres ?? '');
    const features = featureDomains(node?.features ?? [], options.domains);
    const named = (topology.get(name) ?? []).filter(
      (one) => !features.some((other) => other.kind === one.kind),
    );
    let leave: (() => void) | undefined;
    let first = true;
    return {
      name,
      fabricAddress: options['fabric-address']?.replaceAll('{host}', name) ?? node?.address ?? name,
      also: node === undefined ? [] : [node.address],
      identity: [],
      domains: [...features, ...named],
      ...(gpus !== undefined && { facts: () => ({ 'slurm.gpus': String(gpus) }) }),
      ...(options['shared-folder'] !== undefined && { shared: options['shared-folder'] }),
      async open(ends) {
        const again = !first;
        if (first) refuse(name, node, run);
        leave ??= first ? run.holds.use(name) : undefined;
        first = false;
        const hold = await run.holds.acquire(name, ends);
        const terms = { ...container, job: hold.job, node: name, cpus: node?.cpus ?? 1, pace };
        const gres = gpus === undefined ? undefined : `gpu:${gpus}`;
        const shell = stepShell({ ...terms, gres }, hold.gone);
        // A first look follows anyway; a later connection is one only when a step can start.
        if (again) await collect(shell, ['true'], { limit: 60, signal: ends });
        return shell;
      },
      read: () => leave?.(),
    };
  });
}

/** A node that Slurm has out of service when the run begins is not waited for. */
function refuse(
  name: string,
  node: SlurmNode | undefined,
  { options, around }: { readonly options: SlurmOptions; readonly around: QueuedJob | undefined },
): void {
  if (node === undefined) throw gone(`${name}: Slurm does not know it`);
  const why =
    around === undefined ? unusable(node, options.reservation !== undefined) : lostWithin(node);
  if (why !== undefined) throw gone(`${name}: ${why}`);
}

/** GPUs that Slurm promises on a node. */
function promised(name: string, known: readonly SlurmNode[]): number {
  return gpusOf(known.find((node) => node.name === name)?.gres ?? '') ?? 0;
}

/** What a step that launches ranks by itself (nccl-tests) needs to do so with srun. */
function launcher(
  options: SlurmOptions,
  ranks: readonly string[],
  job: string | undefined,
  gpus: number,
): Record<string, string> {
  if (job === undefined) return {};
  const conf = process.env['SLURM_CONF'];
  return {
    ASSAY_SLURM_JOB: job,
    ASSAY_SLURM_NODES: ranks.join(','),
    ASSAY_SLURM_MPI: options.mpi,
    ...(gpus > 0 && { ASSAY_SLURM_GPUS: String(gpus) }),
    ...(conf !== undefined && { SLURM_CONF: conf }),
  };
}
