/**
 * `npm run bench -- nights [real|simulated] [--nodes N] [--nights N] [--into FOLDER] [--minutes N]`: nights through
 * the real command.
 * real: ten nights of this machine's reference device, its CPU taken by a competing load on the seventh.
 * simulated: 180 nights of a simulated fleet; time a night, size of the history, a serial's year. `--into` keeps the
 * nights there and goes on from them, `--minutes` ends sooner: a machine that others need too is had in pieces.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { deliverySlug } from '../campaign/history/delivery-file.ts';
import type { Bench, Row } from './bench.ts';
import { builtDist, numberAfter } from './prepare.ts';
import { usageOf } from './usage.ts';

const DAY = 24 * 3600 * 1000;
const THIS = 'this machine';
const assay = fileURLToPath(new URL('../bin/assay.js', import.meta.url));

export const bench: Bench = async (words) => {
  builtDist();
  const all = !words.includes('real') && !words.includes('simulated');
  return [
    ...(all || words.includes('real') ? await realNights() : []),
    ...(all || words.includes('simulated') ? await simulatedNights(words) : []),
  ];
};

/** What a night came to. */
interface Night {
  readonly code: number;
  readonly seconds: number;
  /** Processor time of the command, s; memory at its most, MiB. */
  readonly cpu: number;
  readonly memory: number;
  readonly opened: readonly { readonly metric: string; readonly loss?: number }[];
  readonly closed: readonly object[];
  readonly open: readonly object[];
  readonly freshRuns: readonly string[];
  readonly cleared: number;
}

async function night(folder: string, plan: string, reference: string, at: number): Promise<Night> {
  const date = new Date(Date.UTC(2026, 0, 1) + at * DAY).toISOString().slice(0, 10);
  const out = join(folder, 'runs');
  const delivery = deliverySlug(reference);
  const argv = [process.execPath, assay, 'nightly', join(folder, plan), '--out', out];
  const usage = await usageOf([...argv, '--night', date], join(folder, 'usage.json'), {
    limit: 3600,
  });
  const { code, seconds, cpu, memory } = usage;
  if (code !== 0 && code !== 1 && code !== 3) throw new Error(usage.stdout + usage.stderr);
  const file = join(out, 'nights', delivery, date, 'night.json');
  const written = JSON.parse(readFileSync(file, 'utf8')) as Night;
  return { ...written, code, seconds, cpu, memory };
}

/** Ten nights; on the seventh every core has four competitors. */
async function realNights(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-nights-real-'));
  try {
    writeFileSync(
      join(folder, 'plan.yaml'),
      stringify({
        assay: 1,
        seed: 7,
        delivery: { reference: THIS, provider: 'own', sku: 'cpu-reference' },
        fleet: { runner: 'local' },
        suites: { matmul: { dtypes: ['fp32'], shapes: [512], settle: '2 s', window: '2 s' } },
        criteria: [
          {
            id: 'sustained',
            metric: 'matmul.gemm.throughput',
            where: { dtype: 'fp32', shape: 512, mode: 'sustained', devices: 'all' },
            per: 'accelerator',
            'at-least': '1 MFLOP/s',
            source: 'low enough for any CPU: acceptance is here for its repeatability',
            standing: 'sanity',
          },
        ],
        decision: { 'max-trials': 8 },
        nightly: { every: '1 d', margin: '5 %' },
      }),
    );
    // What nights are held against: the level, and how far trials scatter about it.
    spawnSync(process.execPath, [assay, 'accept', 'plan.yaml'], { cwd: folder, stdio: 'ignore' });
    const nights: Night[] = [];
    for (let at = 0; at < 10; at += 1) {
      const load = at === 6 ? compete() : [];
      try {
        nights.push(await night(folder, 'plan.yaml', THIS, at));
      } finally {
        for (const one of load) one.kill('SIGKILL');
      }
      const last = nights.at(-1) as Night;
      const losses = last.opened
        .map(({ metric, loss }) => `${metric} ${(100 * (loss ?? 0)).toFixed(0)} %`)
        .join(', ');
      console.error(
        `night ${at + 1}: exit ${last.code}, ${last.seconds.toFixed(1)} s, opened ${last.opened.length} ${losses}, closed ${last.closed.length}, open ${last.open.length}, cleared ${last.cleared}, fresh ${last.freshRuns.length}`,
      );
    }
    const before = nights.slice(0, 6).reduce((sum, one) => sum + one.opened.length, 0);
    const seventh = nights[6] as Night;
    const after = nights.slice(7).reduce((sum, one) => sum + one.opened.length, 0);
    return [
      {
        figure: 'reference device: alarms told in nights 1 to 6',
        measured: before,
        target: '0',
        met: before === 0,
      },
      {
        figure: 'confirmed the night the CPU was taken',
        measured: seventh.opened.length,
        target: '≥ 1',
        met: seventh.opened.length > 0 && seventh.code === 1,
      },
      { figure: 'alarms told in nights 8 to 10', measured: after, target: '0', met: after === 0 },
      {
        figure: 'exit of night 10 (all closed by passing confirmation)',
        measured: nights[9]?.code ?? -1,
        target: '0',
        met: nights[9]?.code === 0,
      },
      {
        figure: 's a night (median)',
        measured: median(nights.map(({ seconds }) => seconds)).toFixed(1),
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Four busy loops a core, each a session of its own: a kernel that shares by session gives each its part. */
function compete(): readonly ChildProcess[] {
  return Array.from({ length: 4 * availableParallelism() }, () =>
    spawn('python3', ['-c', 'while True: pass'], { stdio: 'ignore', detached: true }),
  );
}

/** Nights of a simulated fleet; the last quarter has one node 3 % slower. */
async function simulatedNights(words: readonly string[]): Promise<readonly Row[]> {
  const nodes = numberAfter(words, '--nodes') ?? 1000;
  const reference = `sim ${nodes}`;
  const nights = numberAfter(words, '--nights') ?? 180;
  const kept = words.includes('--into') ? words[words.indexOf('--into') + 1] : undefined;
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'assay-nights-'));
  mkdirSync(folder, { recursive: true });
  const until = performance.now() + 60_000 * (numberAfter(words, '--minutes') ?? Infinity);
  const slow = `n${String(Math.floor(nodes / 2)).padStart(String(nodes).length < 4 ? 4 : String(nodes).length, '0')}`;
  const plan = (faults: readonly object[]) => ({
    assay: 1,
    seed: 40,
    delivery: {
      reference,
      provider: 'own',
      sku: 'h200-sxm',
      'accelerators-per-node': 1,
    },
    fleet: {
      runner: 'sim',
      nodes,
      accelerators: 1,
      truth: { seed: 7, between: '0.5 %', within: '1 %' },
      faults,
    },
    suites: { matmul: { dtypes: ['bf16'], shapes: [8192] } },
    nightly: { every: '1 d', retention: '30 d' },
  });
  try {
    writeFileSync(join(folder, 'good.yaml'), stringify(plan([])));
    writeFileSync(
      join(folder, 'slow.yaml'),
      stringify(plan([{ kind: 'slow', nodes: [slow], by: '3 %' }])),
    );
    const from = Math.floor(nights * 0.75);
    const record = join(folder, 'nights.json');
    const done: Made[] = existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as []) : [];
    for (let at = done.length; at < nights && performance.now() < until; at += 1) {
      const made = await night(folder, at < from ? 'good.yaml' : 'slow.yaml', reference, at);
      const { seconds, cpu, memory, opened, freshRuns } = made;
      const history = sizeOf(join(folder, 'runs/history'));
      const about = { seconds, cpu, memory, history };
      done.push({ ...about, opened: opened.length, fresh: freshRuns.length });
      writeFileSync(record, JSON.stringify(done));
      // Evidence of a night is no part of the history: a disk of 180 nights of it is another bench.
      prune(join(folder, 'runs'));
      if (at % 10 === 9) {
        console.error(
          `night ${at + 1}: ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} of a processor, history ${(history / 1e6).toFixed(1)} MB`,
        );
      }
    }
    const quiet = done.filter((one) => one.fresh === 0);
    const told = done.slice(0, from).reduce((sum, one) => sum + one.opened, 0);
    const first = done.slice(from).findIndex((one) => one.opened > 0);
    const delay = first < 0 ? Infinity : first + 1;
    const history = join(folder, 'runs/history');
    const started = performance.now();
    const asked = spawnSync(
      process.execPath,
      [assay, 'history', 'points', '--serial', 'SIM000001', '--limit', '100000', '--json'],
      { cwd: folder, encoding: 'utf8', maxBuffer: 256 * 2 ** 20 },
    );
    const query = (performance.now() - started) / 1000;
    const { rows } = JSON.parse(asked.stdout) as { rows: readonly unknown[] };
    return [
      {
        figure: `simulated, ${nodes} nodes, ${done.length} of ${nights} nights: s a night (median)`,
        measured: spentOf(done),
      },
      { figure: `a night without fresh runs (${quiet.length})`, measured: spentOf(quiet) },
      ...[5, 30, 60, 90, 120, 150, 180]
        .filter((at) => at <= done.length)
        .map((at) => ({
          figure: `nights ${at - 4} to ${at}`,
          measured: `${spentOf(done.slice(at - 5, at))}; history ${((done[at - 1]?.history ?? 0) / 1e6).toFixed(1)} MB`,
        })),
      { figure: 'MB of history', measured: (sizeOf(history) / 1e6).toFixed(1) },
      {
        figure: 'MiB of memory at the most',
        measured: Math.max(...done.map(({ memory }) => memory)).toFixed(0),
      },
      {
        figure: 'alarms told while nothing was wrong',
        measured: told,
        target: '≤ 1',
        met: told <= 1,
      },
      {
        figure: 'nights until 3 % on one node was confirmed',
        measured: delay,
        target: '≤ 5',
        met: delay <= 5,
      },
      {
        figure: `s for one serial's ${done.length} nights (${rows.length} rows), process start and all`,
        measured: query.toFixed(2),
        target: '≤ 1',
        met: query <= 1,
      },
    ];
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** What is kept of a night: times in s, memory in MiB, bytes of the history after it. */
interface Made {
  readonly seconds: number;
  readonly cpu: number;
  readonly memory: number;
  readonly history: number;
  readonly opened: number;
  readonly fresh: number;
}

/** Medians; the processor's time does not depend on who else is at work. */
function spentOf(nights: readonly Made[]): string {
  const [wall, cpu] = [nights.map(({ seconds }) => seconds), nights.map((one) => one.cpu)];
  return `${median(wall).toFixed(1)} s, ${median(cpu).toFixed(1)} s of processors`;
}

/** Removes run directories. */
function prune(runs: string): void {
  for (const name of readdirSync(runs)) {
    if (/^\d{8}-/u.test(name)) rmSync(join(runs, name), { recursive: true, force: true });
  }
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
