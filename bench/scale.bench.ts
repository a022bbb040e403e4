/** The controller alone, on simulated fleets: 100 → 1,000 → 10,000 nodes × 8, plan to report; a kill in the middle. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { Bench, Row } from './bench.ts';
import { usageOf } from './usage.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const assay = join(root, 'bin', 'assay.js');
/** `--nodes 100,1000` for a part of it. */
const NODES = [100, 1000, 10_000];
const LARGE = 10_000;
/** One node of so many is bad. */
const BAD = 100;
/** Seconds between two looks at the memory of the whole tree of processes. */
const LOOK = 0.25;
/** Seconds after which a run is given up. */
const LIMIT = 1800;
const TARGETS = { wall: 180, memory: 1536, planning: 2, resume: 10 };

interface Measured {
  readonly nodes: number;
  readonly wall: number;
  readonly cpu: number;
  /** MiB, of the whole tree. */
  readonly memory: number;
  readonly bytes: number;
  readonly right: boolean;
}

export const bench: Bench = async (words) => {
  const asked = words[words.indexOf('--nodes') + 1];
  const sizes = words.includes('--nodes') ? (asked ?? '').split(',').map(Number) : NODES;
  const built = spawnSync(process.execPath, [join(root, 'bin', 'build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('the build failed');
  const folder = mkdtempSync(join(tmpdir(), 'assay-scale-'));
  try {
    const measured: Measured[] = [];
    for (const nodes of sizes) measured.push(await whole(folder, nodes));
    const last = measured.at(-1);
    return [
      ...measured.flatMap(rowsOf),
      ...measured.slice(1).flatMap((one, at) => growthOf(measured[at] as Measured, one)),
      ...(last === undefined ? [] : await killed(folder, last)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The fixture's plan on another number of nodes, with named bad ones. */
function planOf(folder: string, nodes: number): { readonly path: string; readonly bad: string[] } {
  const text = readFileSync(join(root, 'fixtures', 'plans', 'sim-10000.yaml'), 'utf8');
  const plan = parse(text) as {
    delivery: { count: number };
    fleet: { nodes: number; faults: object[] };
  };
  const bad = Array.from({ length: nodes / BAD }, (_, at) => {
    return `n${String(at * BAD + 37).padStart(4, '0')}`;
  });
  plan.delivery.count = nodes;
  plan.fleet.nodes = nodes;
  plan.fleet.faults = [{ kind: 'slow', nodes: bad, by: '14 %' }];
  const path = join(folder, `${nodes}.yaml`);
  writeFileSync(path, stringify(plan));
  return { path, bad };
}

async function whole(folder: string, nodes: number): Promise<Measured> {
  const { path, bad } = planOf(folder, nodes);
  const out = join(folder, String(nodes));
  const used = await usageOf(
    [process.execPath, assay, 'accept', path, '--out', out],
    join(folder, 'usage.json'),
    { limit: LIMIT, every: LOOK },
  );
  const [run = ''] = readdirSync(out);
  const { nodes: rows } = JSON.parse(readFileSync(join(out, run, 'verdict.json'), 'utf8')) as {
    nodes: { id: string; verdict: string }[];
  };
  const wrong = rows.filter((row) => (row.verdict === 'pass') === bad.includes(row.id));
  const measured = {
    nodes,
    wall: used.seconds,
    cpu: used.cpu,
    memory: used.tree,
    bytes: sizeOf(join(out, run)),
    right: used.code === 1 && rows.length === nodes && wrong.length === 0,
  };
  rmSync(out, { recursive: true });
  return measured;
}

function rowsOf({ nodes, wall, cpu, memory, bytes, right }: Measured): Row[] {
  const name = `${nodes} nodes × 8`;
  const bound = nodes === LARGE;
  return [
    {
      figure: `${name}: plan to report, s`,
      measured: wall.toFixed(1),
      ...(bound && { target: `<= ${TARGETS.wall}`, met: wall <= TARGETS.wall }),
    },
    { figure: `${name}: processor time, s`, measured: cpu.toFixed(1) },
    {
      figure: `${name}: peak memory of the whole tree, MiB`,
      measured: Math.round(memory),
      ...(bound && { target: `<= ${TARGETS.memory}`, met: memory <= TARGETS.memory }),
    },
    { figure: `${name}: written, MB`, measured: (bytes / 1e6).toFixed(1) },
    {
      figure: `${name}: exit 1, the bad nodes rejected and no other`,
      measured: right ? 'yes' : 'no',
      target: 'yes',
      met: right,
    },
  ];
}

/** How much faster than the number of nodes a figure grew; a table to read, with no target. */
function growthOf(small: Measured, large: Measured): Row[] {
  const grown = (of: (one: Measured) => number) =>
    (of(large) / of(small) / (large.nodes / small.nodes)).toFixed(2);
  const name = `growth ${small.nodes} → ${large.nodes}, 1 = as the nodes`;
  return [
    { figure: `${name}: s`, measured: grown(({ wall }) => wall) },
    { figure: `${name}: processor time`, measured: grown(({ cpu }) => cpu) },
    { figure: `${name}: memory`, measured: grown(({ memory }) => memory) },
    { figure: `${name}: bytes`, measured: grown(({ bytes }) => bytes) },
  ];
}

/** Killed when half of the first round has ended, then resumed: seconds to the first new trial. */
async function killed(folder: string, { nodes }: Measured): Promise<Row[]> {
  const { path } = planOf(folder, nodes);
  const out = join(folder, 'killed');
  const began = performance.now();
  const first = start(['accept', path, '--out', out]);
  while (!/opening the fleet/u.test(first.said())) await pause(10);
  const planning = (performance.now() - began) / 1000;
  const [run = ''] = readdirSync(out);
  const journal = join(out, run, 'journal.ndjson');
  // Thirteen trials a node in round 1, two lines each; the inventory is before them.
  while (linesOf(journal) < 2 * nodes * (1 + 13 / 2)) await pause(100);
  first.child.kill('SIGKILL');
  await first.ended;
  const from = statSync(journal).size;
  const resumed = performance.now();
  const second = start(['resume', join(out, run)]);
  while (!readFileSync(journal).subarray(from).includes('"event":"trial-start"')) await pause(20);
  const seconds = (performance.now() - resumed) / 1000;
  second.child.kill('SIGKILL');
  await second.ended;
  const bound = nodes === LARGE;
  return [
    {
      figure: `${nodes} nodes × 8: planning, s to the fleet`,
      measured: planning.toFixed(2),
      ...(bound && { target: `<= ${TARGETS.planning}`, met: planning <= TARGETS.planning }),
    },
    {
      figure: `${nodes} nodes × 8: killed in round 1 and resumed, s to the first new trial`,
      measured: seconds.toFixed(2),
      ...(bound && { target: `<= ${TARGETS.resume}`, met: seconds <= TARGETS.resume }),
    },
  ];
}

function start(words: readonly string[]) {
  const child = spawn(process.execPath, [assay, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    // The beginning is all that is looked at.
    if (said.length < 10_000) said += part;
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return { child, ended, said: () => said };
}

function linesOf(path: string): number {
  const bytes = readFileSync(path);
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, one) => sum + (one.isFile() ? one.size : 0), 0);
}
