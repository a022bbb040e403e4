/**
 * The four plans of 64 simulated nodes, each for many seeds, through the command line: the exit code,
 * and the nodes that verdict.json rejects.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Verdict } from '../verdicts/model.ts';
import type { Bench, Row } from './bench.ts';
import { builtDist, numberAfter } from './prepare.ts';
import { usageOf, type Usage } from './usage.ts';

const SEEDS = 20;
const LIMIT = 600;
/** Node that fixtures/plans/sim-64-one-slow.yaml makes slow. */
const SLOW = 'n0017';

interface Reached {
  readonly code: number;
  /** Ids of the rejected nodes. */
  readonly rejected: readonly string[];
}

/** What each plan must come to. */
const PLANS: readonly {
  readonly plan: string;
  readonly must: string;
  right(this: void, reached: Reached): boolean;
}[] = [
  {
    plan: 'sim-64-healthy',
    must: 'exit 0, nobody rejected',
    right: ({ code, rejected }) => code === 0 && rejected.length === 0,
  },
  {
    plan: 'sim-64-uniformly-slow',
    must: 'exit 1, all 64 rejected',
    right: ({ code, rejected }) => code === 1 && rejected.length === 64,
  },
  {
    plan: 'sim-64-one-slow',
    must: `exit 1, ${SLOW} alone rejected`,
    right: ({ code, rejected }) => code === 1 && rejected.join() === SLOW,
  },
  {
    plan: 'sim-64-spread',
    must: 'never exit 1, nobody rejected',
    right: ({ code, rejected }) => (code === 0 || code === 3) && rejected.length === 0,
  },
];

/** `--seeds N` for fewer, `--from N` to begin elsewhere. */
export const bench: Bench = async (words) => {
  builtDist();
  const seeds = numberAfter(words, '--seeds') ?? SEEDS;
  const from = numberAfter(words, '--from') ?? 1;
  const folder = await mkdtemp(join(tmpdir(), 'assay-seeds-'));
  const rows: Row[] = [];
  const costs: Usage[] = [];
  let right = 0;
  try {
    for (const { plan, must, right: isRight } of PLANS) {
      const exits = new Map<number, number>();
      const wrong: string[] = [];
      for (let seed = from; seed < from + seeds; seed += 1) {
        const { reached, usage } = await accept(plan, seed, folder);
        costs.push(usage);
        exits.set(reached.code, (exits.get(reached.code) ?? 0) + 1);
        if (isRight(reached)) right += 1;
        else wrong.push(`${seed}: ${reached.code} ${reached.rejected.slice(0, 8).join(' ')}`);
      }
      for (const one of wrong) console.error(`${plan}, seed ${one}`);
      const told = [...exits].map(([code, times]) => `${times} x exit ${code}`).join(', ');
      rows.push({
        figure: `${plan}: right of ${seeds} seeds`,
        measured: `${seeds - wrong.length} (${told})`,
        target: must,
        met: wrong.length === 0,
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const all = PLANS.length * seeds;
  const cpu = costs.map((one) => one.cpu).sort((a, b) => a - b);
  return [
    ...rows,
    { figure: 'right in all', measured: right, target: `${all} of ${all}`, met: right === all },
    { figure: 'CPU a run, median, s', measured: (cpu[cpu.length >> 1] ?? 0).toFixed(2) },
    {
      figure: 'memory, most, MiB',
      measured: Math.max(...costs.map((one) => one.memory)).toFixed(0),
    },
  ];
};

async function accept(
  plan: string,
  seed: number,
  folder: string,
): Promise<{ readonly reached: Reached; readonly usage: Usage }> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const out = join(folder, `${plan}-${seed}`);
  const usage = await usageOf(
    [
      process.execPath,
      join(root, 'bin/assay.js'),
      'accept',
      join(root, 'fixtures/plans', `${plan}.yaml`),
      '--seed',
      String(seed),
      '--out',
      out,
    ],
    join(folder, 'usage.json'),
    { limit: LIMIT },
  );
  const [run = ''] = await readdir(out);
  const verdict = JSON.parse(await readFile(join(out, run, 'verdict.json'), 'utf8')) as Verdict;
  await rm(out, { recursive: true });
  const rejected = verdict.nodes.filter((node) => node.verdict === 'fail').map(({ id }) => id);
  return { reached: { code: usage.code, rejected }, usage };
}
