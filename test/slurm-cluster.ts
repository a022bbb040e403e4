/**
 * A real Slurm on loopback: munged, slurmctld and a slurmd for each node, all on this machine and under one
 * temporary folder. Needs root (slurmd does), slurmctld, slurmd, slurm-client and munge.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { run } from '../runners/process.ts';

/** A cluster under way. */
export interface SlurmCluster {
  /** t1 … tN. */
  readonly nodes: readonly string[];
  /** Temporary folder of all of it. */
  readonly folder: string;
  /** What a client's environment needs: SLURM_CONF. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a command of Slurm's, throws what it says when it fails. */
  slurm(...argv: readonly [string, ...string[]]): Promise<string>;
  /** squeue's rows of all jobs that have not ended: "ID NAME STATE NODES". */
  queue(): Promise<readonly string[]>;
  /** sinfo's state of a node, e.g. "idle", "draining". */
  state(node: string): Promise<string>;
  /** Stops slurmctld as a maintenance does; what runs goes on. */
  stopController(): Promise<void>;
  startController(): Promise<void>;
  stop(): Promise<void>;
}

/** How the cluster is made. */
export interface SlurmClusterOptions {
  readonly nodes: number;
  /** More lines for slurm.conf. */
  readonly configuration?: readonly string[];
  /** GPUs that slurm.conf promises for each node (stand-ins: /dev/null), default none. */
  readonly gpus?: number;
}

const PROGRAMS = ['/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/bin/srun', '/usr/sbin/munged'];

/** Why there can be no cluster here; undefined: there can. */
export function withoutSlurm(): string | undefined {
  const missing = PROGRAMS.filter((path) => !existsSync(path));
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  return userInfo().uid === 0 ? undefined : 'needs root: slurmd starts programs as their users';
}

/** Starts the daemons and waits until every node is idle. */
export async function startSlurm(options: SlurmClusterOptions): Promise<SlurmCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-slurm-'));
  const nodes = Array.from({ length: options.nodes }, (_, index) => `t${index + 1}`);
  const configuration = join(folder, 'slurm.conf');
  const environment = { SLURM_CONF: configuration };
  for (const name of ['state', 'log', 'munge', ...nodes.map((node) => `spool-${node}`)]) {
    await mkdir(join(folder, name), { mode: name === 'munge' ? 0o755 : 0o700 });
  }
  await writeFile(join(folder, 'munge', 'key'), randomBytes(1024), { mode: 0o400 });
  await writeFile(configuration, slurmConf(folder, nodes, options));
  await writeFile(join(folder, 'topology.conf'), topologyConf(nodes));
  const gpus = options.gpus ?? 0;
  await writeFile(
    join(folder, 'gres.conf'),
    gpus > 0 ? `NodeName=t[1-${nodes.length}] Name=gpu Count=${gpus} File=/dev/null\n` : '',
  );
  const must = async (argv: readonly [string, ...string[]]) => {
    const ran = await run(argv, { environment, limit: 60 });
    if (ran.ended === 'exited' && ran.code === 0) return ran.stdout.toString('utf8');
    throw new Error(`${argv.join(' ')}: ${ran.ended} ${ran.stderr.toString('utf8')}`);
  };
  const cluster: SlurmCluster = {
    nodes,
    folder,
    environment,
    slurm: (...argv) => must(argv),
    async queue() {
      const text = await must(['squeue', '--noheader', '-o', '%i %j %T %N']);
      return text.split('\n').filter((line) => line.trim() !== '');
    },
    async state(node) {
      const text = await must(['sinfo', '--noheader', '--Node', '-n', node, '-o', '%T']);
      // A node that was given back does not answer until its next ping: "idle*".
      return (text.trim().split('\n')[0] ?? '').replace('*', '');
    },
    async stopController() {
      await end(join(folder, 'slurmctld.pid'));
    },
    async startController() {
      await must(['slurmctld', '-f', configuration]);
      await ready(must);
    },
    async stop() {
      await run(['scancel', '--me'], { environment, limit: 10 });
      await end(join(folder, 'slurmctld.pid'));
      await Promise.all(nodes.map((node) => end(join(folder, `slurmd-${node}.pid`))));
      await end(join(folder, 'munge', 'pid'));
      for (const pid of stepDaemons(folder)) kill(pid, 'SIGKILL');
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
  try {
    const munge = (name: string) => join(folder, 'munge', name);
    await must([
      'munged',
      `--key-file=${munge('key')}`,
      `--socket=${munge('s')}`,
      `--pid-file=${munge('pid')}`,
      `--log-file=${munge('log')}`,
      `--seed-file=${munge('seed')}`,
      '--force',
    ]);
    await must(['slurmctld', '-f', configuration]);
    for (const node of nodes) await must(['slurmd', '-f', configuration, '-N', node]);
    await until('all nodes are idle', async () => {
      const text = await must(['sinfo', '--noheader', '--Node', '-p', 'main', '-o', '%T']);
      const states = text.trim().split('\n');
      // A health hook may have drained one already.
      return states.every((state) => /^(?:idle|drain(?:ed|ing))$/u.test(state));
    });
  } catch (error) {
    const log = await readFile(join(folder, 'log', 'slurmctld'), 'utf8').catch(() => '');
    await cluster.stop();
    throw new Error(`no Slurm: ${String(error)}\n${log.slice(-2000)}`, { cause: error });
  }
  return cluster;
}

function slurmConf(folder: string, nodes: readonly string[], options: SlurmClusterOptions): string {
  const port = randomInt(21_000, 31_000);
  const gpus = options.gpus ?? 0;
  const network = `127.20.${randomInt(0, 256)}`;
  return [
    'ClusterName=loopback',
    `SlurmctldHost=${hostname()}(${network}.250)`,
    `SlurmUser=${userInfo().username}`,
    `SlurmctldPort=${port}`,
    'AuthType=auth/munge',
    `AuthInfo=socket=${folder}/munge/s`,
    'CredType=cred/munge',
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool-%n`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/slurmd-%n.pid`,
    `SlurmctldLogFile=${folder}/log/slurmctld`,
    `SlurmdLogFile=${folder}/log/%n`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'MpiDefault=none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core',
    'PreemptType=preempt/partition_prio',
    'PreemptMode=REQUEUE',
    'TopologyPlugin=topology/tree',
    'ReturnToService=1',
    'KillWait=3',
    'MinJobAge=60',
    'SlurmdTimeout=300',
    'SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1',
    ...(gpus > 0 ? ['GresTypes=gpu'] : []),
    ...(options.configuration ?? []),
    ...nodes.map(
      (node, index) =>
        `NodeName=${node} NodeHostname=${hostname()} NodeAddr=${network}.${index + 1} Port=${port + index + 1} CPUs=2 RealMemory=500 Feature=rack-${(index >> 2) + 1}${gpus > 0 ? ` Gres=gpu:${gpus}` : ''}`,
    ),
    `PartitionName=main Nodes=t[1-${nodes.length}] Default=YES PriorityTier=10 PreemptMode=OFF State=UP`,
    `PartitionName=low Nodes=t[1-${nodes.length}] PriorityTier=1 State=UP`,
    '',
  ].join('\n');
}

/** Two leaves under a spine. */
function topologyConf(nodes: readonly string[]): string {
  const half = Math.ceil(nodes.length / 2);
  const leaves = [nodes.slice(0, half), nodes.slice(half)].filter((some) => some.length > 0);
  return [
    ...leaves.map((some, index) => `SwitchName=leaf${index + 1} Nodes=${some.join(',')}`),
    `SwitchName=spine Switches=leaf[1-${leaves.length}]`,
    '',
  ].join('\n');
}

/** Waits, at most half a minute. */
async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await is()) return;
    await pause(200);
  }
  throw new Error(`not within 30 s: ${what}`);
}

async function ready(must: (argv: readonly [string, ...string[]]) => Promise<string>) {
  await until('slurmctld answers', async () => {
    try {
      return (await must(['scontrol', 'ping'])).includes('UP');
    } catch {
      return false;
    }
  });
}

/** Ends a daemon by its own pid file, and waits until it is gone. */
async function end(pidFile: string): Promise<void> {
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).trim());
  if (!(pid > 1)) return;
  kill(pid, 'SIGTERM');
  for (let tries = 0; tries < 100 && existsSync(`/proc/${pid}`); tries += 1) await pause(50);
  if (existsSync(`/proc/${pid}`)) kill(pid, 'SIGKILL');
}

/** slurmstepd's that still run: their command line or their socket is in our folder. */
function stepDaemons(folder: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .filter((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
        return command.startsWith('slurmstepd') && environment.includes(folder);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}
