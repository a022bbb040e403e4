/** A load generator that gets a tenth of a core: `assay` says so and gives no verdict. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startReference } from '../../test/reference-llm.ts';
import type { Row } from '../bench.ts';
import { builtDist } from '../prepare.ts';
import { atEnd, generators, pinned, SERVER_CORE } from './sides.ts';

/** Of the kernel's first version of control groups, or the second, with a file that shows which it is. */
const GROUPS = [
  ['/sys/fs/cgroup/cpu', 'cpu.cfs_quota_us'],
  ['/sys/fs/cgroup', 'cgroup.controllers'],
] as const;
const SHARE = 0.1;

export async function overload(): Promise<Row[]> {
  builtDist();
  const server = await startReference({}, pinned(SERVER_CORE));
  const folder = mkdtempSync(join(tmpdir(), 'assay-overload-'));
  const group = limitedGroup();
  const removed = atEnd(() => group?.remove());
  const target = `exit 3, and the reason is CLIENT_BOTTLENECK`;
  if (group === undefined) {
    await server.stop();
    const measured = 'no control group can be made here (needs root)';
    return [{ figure: 'a generator with 10 % of a core', measured, target, met: false }];
  }
  try {
    const plan = join(folder, 'plan.yaml');
    writeFileSync(plan, planText(server.url));
    const { code, text } = await accept(plan, join(folder, 'runs'), (pid) => group.take(pid));
    const said = text.includes('the load generator was the bottleneck');
    return [
      {
        figure: `accept with ${SHARE * 100} % of a core for the load generator (${group.taken()} processes held)`,
        measured: `exit ${code}${said ? ', says that it was the bottleneck' : ''}`,
        target,
        met: code === 3 && said && group.taken() > 0,
      },
    ];
  } finally {
    await server.stop();
    group.remove();
    removed();
    rmSync(folder, { recursive: true, force: true });
  }
}

function planText(url: string): string {
  return `assay: 1
seed: 5
delivery: { reference: load, provider: own, sku: cpu-reference, count: 1 }
fleet: { runner: local, stand-in: true }
suites:
  inference:
    mode: endpoint
    serving: { url: "${url}", input: 16, output: 32, rates: [300 req/s], settle: 0 s, window: 2 s }
criteria:
  - { id: throughput, metric: inference.endpoint.output-throughput, per: endpoint, at-least: 100 tok/s, nominal: 200 tok/s, source: contract }
decision: { max-trials: 4 }
`;
}

async function accept(plan: string, out: string, take: (pid: number) => void) {
  const stub = fileURLToPath(new URL('../../bin/assay.js', import.meta.url));
  const child = spawn(process.execPath, [stub, 'accept', plan, '--out', out], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      text += part.toString();
    });
  }
  // The generator alone is held: it would take the rest minutes to start.
  const look = setInterval(() => generators().forEach(take), 20);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(look);
  return { code, text };
}

const PREFIX = 'assay-bench-';

/** Removes the groups of benches that were killed. */
function sweep(root: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(PREFIX) || existsSync(`/proc/${name.slice(PREFIX.length)}`)) continue;
    try {
      rmdirSync(join(root, name));
    } catch {
      // Something of it runs still: the next bench looks again.
    }
  }
}

function limitedGroup() {
  for (const [root, sign] of GROUPS) {
    if (!existsSync(join(root, sign))) continue;
    sweep(root);
    const folder = join(root, `${PREFIX}${process.pid}`);
    try {
      mkdirSync(folder);
      if (root.endsWith('cpu')) {
        writeFileSync(join(folder, 'cpu.cfs_period_us'), '100000');
        writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(SHARE * 100_000));
      } else writeFileSync(join(folder, 'cpu.max'), `${SHARE * 100_000} 100000`);
      return held(folder);
    } catch {
      if (existsSync(folder)) rmdirSync(folder);
    }
  }
  return undefined;
}

function held(folder: string) {
  const taken = new Set<number>();
  return {
    take(pid: number) {
      if (taken.has(pid)) return;
      try {
        writeFileSync(join(folder, 'cgroup.procs'), String(pid));
        taken.add(pid);
      } catch {
        // It has ended.
      }
    },
    taken: () => taken.size,
    remove() {
      // What still runs goes back to where it came from: a group with members can't be removed.
      for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n')) {
        if (pid !== '') writeFileSync(join(folder, '..', 'cgroup.procs'), pid);
      }
      rmdirSync(folder);
    },
  };
}
