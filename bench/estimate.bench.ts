/**
 * What `assay estimate` said beside what a run took. Simulated: 512 nodes, the lengths of trials drawn anew for
 * every seed; the estimate is given a pilot of 16 nodes on that fleet (`--like`), or nothing. Real: 8 hosts
 * behind sshd that share this machine, the pilot on three of them.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { Expense } from '../plan/model.ts';
import { stream } from '../plan/random.ts';
import { run as runProcess } from '../runners/process.ts';
import { loopbackFleet } from '../test/loopback-fleet.ts';
import type { Bench, Row } from './bench.ts';
import { builtDist, needPeer, numberAfter } from './prepare.ts';

const SEEDS = 20;
const NODES = 512;
const PILOT = 16;
const HOSTS = 8;
const PILOT_HOSTS = 3;
const SIMULATED = 0.15;
const REAL = 0.25;
const LIMIT = 3600;
const root = fileURLToPath(new URL('..', import.meta.url));

/** Trial lengths of `runners/sim/durations.ts`, and how far a seed's own stray from them (ln scale). */
const LENGTHS = {
  inventory: 9,
  'matmul.gemm': 41,
  'matmul.memory': 38,
  'matmul.transfer': 318,
  nccl: 24,
  inference: 80,
};
const STRAY = 0.25;

/** Relative error of an estimate. */
interface Missed {
  readonly trials: number;
  readonly nodeHours: number;
}

/** `--seeds N`, `--nodes N`; `--part simulated|real` for one of the two. */
export const bench: Bench = async (words) => {
  builtDist();
  const at = words.indexOf('--part');
  const wanted = (part: string) => at < 0 || words[at + 1] === part;
  return [
    ...(wanted('simulated')
      ? await simulated(
          numberAfter(words, '--seeds') ?? SEEDS,
          numberAfter(words, '--nodes') ?? NODES,
        )
      : []),
    ...(wanted('real') ? await real() : []),
  ];
};

async function simulated(seeds: number, nodes: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-estimate-'));
  const piloted: Missed[] = [];
  const blind: Missed[] = [];
  try {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const large = await simPlan(folder, 'large', nodes, seed);
      const small = await simPlan(folder, 'small', PILOT, seed);
      const pilot = await accept(small, folder, ['--seed', String(seed + 1000)]);
      const told = await estimate(large, ['--like', pilot]);
      const guessed = await estimate(large, []);
      await rm(pilot, { recursive: true });
      const run = await accept(large, folder, ['--seed', String(seed)]);
      const took = await usedBy(run);
      await rm(run, { recursive: true });
      piloted.push(missed(told, took));
      blind.push(missed(guessed, took));
      console.error(`seed ${seed}: ${JSON.stringify({ told, guessed, took }, brief)}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const target = `<= ${SIMULATED * 100} %`;
  const what = `${nodes} simulated nodes, ${seeds} seeds, median error`;
  return [
    row(`${what}, with a pilot of ${PILOT}: trials`, piloted, 'trials', target, SIMULATED),
    row(`${what}, with a pilot of ${PILOT}: node-hours`, piloted, 'nodeHours', target, SIMULATED),
    row(`${what}, before anything ran: trials`, blind, 'trials', target, SIMULATED),
    row(`${what}, before anything ran: node-hours`, blind, 'nodeHours'),
  ];
}

/** fixtures/plans/sim-512-rack.yaml with so many nodes, and with the seed's own lengths of trials. */
async function simPlan(folder: string, name: string, nodes: number, seed: number): Promise<string> {
  const fixture = await readFile(join(root, 'fixtures/plans/sim-512-rack.yaml'), 'utf8');
  const plan = parse(fixture) as {
    delivery: { count: number };
    fleet: { nodes: number; faults?: object[]; durations?: object };
  };
  const draw = stream(seed, 'bench', 'estimate');
  const stray = () => Math.exp(STRAY * (draw() + draw() + draw() + draw() - 2) * Math.sqrt(3));
  plan.delivery.count = nodes;
  plan.fleet.nodes = nodes;
  if (nodes < NODES) delete plan.fleet.faults;
  plan.fleet.durations = Object.fromEntries(
    Object.entries(LENGTHS).map(([of, seconds]) => [of, `${(seconds * stray()).toFixed(1)} s`]),
  );
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, stringify(plan));
  return file;
}

async function real(): Promise<Row[]> {
  await needPeer({ 'openssh-client': ['ssh-keygen'], 'openssh-server': ['/usr/sbin/sshd'] });
  const fleet = await loopbackFleet({ hosts: HOSTS });
  try {
    const plan = await fleet.plan({
      fleet: ['at-once: 2'],
      suites: [
        'matmul: { dtypes: [fp32], shapes: [256], memory-bytes: 16 MiB }',
        'nccl: { collectives: [all_reduce], sizes: [1 MiB], scopes: [node], iterations: 5, warm-up: 1 }',
      ],
      criteria: [
        level(
          'rate',
          'matmul.gemm.throughput',
          'dtype: fp32, shape: 256, mode: sustained',
          'FLOP/s',
        ),
        level('copy', 'matmul.memory.bandwidth', 'operation: copy', 'B/s'),
      ],
      decision: ['sigma: { matmul.gemm.throughput: 20 %, matmul.memory.bandwidth: 20 % }'],
    });
    const first = fleet.hosts.slice(0, PILOT_HOSTS).map((host) => host.address);
    const pilot = await fleet.assay(['accept', plan, '--only', first.join(',')], LIMIT);
    const told = await estimate(plan, ['--like', pilot.run ?? '']);
    const whole = await fleet.assay(['accept', plan], LIMIT);
    const took = await usedBy(whole.run ?? '');
    console.error(JSON.stringify({ told, took }, brief));
    const error = [missed(told, took)];
    const target = `<= ${REAL * 100} %`;
    const what = `${HOSTS} hosts on this machine, pilot on ${PILOT_HOSTS}, error`;
    return [
      row(`${what}: trials`, error, 'trials', target, REAL),
      row(`${what}: node-hours`, error, 'nodeHours', target, REAL),
    ];
  } finally {
    await fleet.stop();
  }
}

function level(id: string, metric: string, where: string, unit: string): string {
  return `- { id: ${id}, metric: ${metric}, where: { ${where} }, per: accelerator, at-least: 1e3 ${unit}, nominal: 1e6 ${unit}, source: "this bench" }`;
}

function row(
  figure: string,
  all: readonly Missed[],
  of: keyof Missed,
  target?: string,
  most?: number,
): Row {
  const sizes = all.map((one) => Math.abs(one[of])).sort((a, b) => a - b);
  const median = sizes[sizes.length >> 1] ?? NaN;
  const [low, high] = [
    Math.min(...all.map((one) => one[of])),
    Math.max(...all.map((one) => one[of])),
  ];
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const measured = `${percent(median)} (${percent(low)} to ${percent(high)})`;
  return {
    figure,
    measured,
    ...(target !== undefined && { target }),
    ...(most !== undefined && { met: median <= most }),
  };
}

/** Without the cases, and numbers as one reads them. */
function brief(key: string, value: unknown): unknown {
  if (key === 'cases') return undefined;
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

function missed(told: Expense, took: Expense): Missed {
  return {
    trials: told.trials / took.trials - 1,
    nodeHours: told.nodeHours / took.nodeHours - 1,
  };
}

async function estimate(plan: string, words: readonly string[]): Promise<Expense> {
  const { stdout } = await assay(['estimate', plan, '--json', ...words]);
  return (JSON.parse(stdout) as { expected: Expense }).expected;
}

async function accept(plan: string, folder: string, words: readonly string[]): Promise<string> {
  const out = await mkdtemp(join(folder, 'runs-'));
  await assay(['accept', plan, '--out', out, '--json', ...words]);
  const [run = ''] = await readdir(out);
  return join(out, run);
}

async function assay(words: readonly string[]): Promise<{ readonly stdout: string }> {
  const ran = await runProcess([process.execPath, join(root, 'bin/assay.js'), ...words], {
    limit: LIMIT,
  });
  if (ran.ended === 'exited' && [0, 1, 3].includes(ran.code)) {
    return { stdout: ran.stdout.toString('utf8') };
  }
  throw new Error(`${words.join(' ')}: ${ran.ended}: ${ran.stderr.toString('utf8')}`);
}

/** What the run's journal says last. */
async function usedBy(run: string): Promise<Expense> {
  const journal = await readFile(join(run, 'journal.ndjson'), 'utf8');
  const line = journal.split('\n').findLast((one) => one.includes('"event":"used"'));
  if (line === undefined) throw new Error(`${run}: the journal does not say what was used`);
  return (JSON.parse(line) as { used: Expense }).used;
}
