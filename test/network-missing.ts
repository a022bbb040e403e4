/** One rank of a collective over all hosts goes missing: stopped (SIGSTOP) or killed. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { openRun } from '../campaign/directory/reader.ts';
import type { NetworkHosts } from './network-hosts.ts';

/** What came of it. */
export interface Missed {
  readonly code: number;
  /** Of the attempt that it hit. */
  readonly suspects: readonly string[];
  readonly message: string;
  /** From the signal to the end of that attempt. */
  readonly seconds: number;
  /** Nodes of the next attempt that was measured. */
  readonly after: readonly string[];
  readonly stderr: string;
}

const SIGNALS = { stopped: 'SIGSTOP', killed: 'SIGKILL' } as const;
/** After the first rank is there: torch is loaded, the ranks have met, an operation is under way. */
const UNDER_WAY = /all_reduce \d+ B (?:warm-up|timed)/u;

/** A plan with one collective over all hosts that takes long enough to interfere. */
export function lotPlan(net: NetworkHosts, name: string): Promise<string> {
  return net.plan({
    name,
    suites: [
      'nccl: { collectives: [all_reduce], sizes: [1 MiB], scopes: [lot], iterations: 8, warm-up: 4 }',
    ],
    criteria: [
      '- { id: lot, metric: nccl.all_reduce.busbw, where: { scope: lot, bytes: 1048576 }, per: lot, at-least: 1 kB/s, source: "this test" }',
    ],
    decision: ['sigma: none', 'max-trials: 1', 'consumer-risk: 0.5'],
  });
}

/** Runs the plan, and makes the first rank of a host go missing in the first collective that is under way. */
export async function missRank(
  net: NetworkHosts,
  plan: string,
  of: { readonly host: number; readonly how: keyof typeof SIGNALS; readonly limit: number },
): Promise<Missed> {
  let hit = 0;
  const over = new AbortController();
  const strike = (async () => {
    while (!over.signal.aborted) {
      await pause(100);
      const pid = rankUnderWay(net, of.host);
      if (pid === undefined) continue;
      process.kill(pid, SIGNALS[of.how]);
      hit = Date.now();
      return;
    }
  })();
  const ended = await net.fleet.assay(['accept', plan], of.limit);
  over.abort();
  await strike;
  const open = await openRun(ended.run ?? '');
  try {
    let failed: { suspects: readonly string[]; message: string; end: number } | undefined;
    let after: readonly string[] = [];
    for await (const { trial, outcome, startedAt, seconds } of open.attempts()) {
      if (trial.nodes.length < 2) continue;
      if (outcome?.status === 'failed' && failed === undefined) {
        const { suspects, message } = outcome;
        failed = { suspects, message, end: Date.parse(startedAt) + seconds * 1000 };
      } else if (outcome?.status === 'measured' && failed !== undefined) after = trial.nodes;
    }
    return {
      code: ended.code,
      suspects: failed?.suspects ?? [],
      message: failed?.message ?? '',
      seconds: failed === undefined || hit === 0 ? Number.NaN : (failed.end - hit) / 1000,
      after,
      stderr: ended.stderr,
    };
  } finally {
    await open.close();
  }
}

/** Process of a host's first rank, once its spool says that an operation is under way. */
function rankUnderWay(net: NetworkHosts, host: number): number | undefined {
  const { home } = net.fleet.hosts[host] ?? { home: '' };
  const spools = found(`${home}/.cache/assay/runs`).filter((path) => path.includes('stdout'));
  if (!spools.some((path) => UNDER_WAY.test(read(path)))) return undefined;
  const own = found('/proc', 0).flatMap((name) => {
    const pid = Number(name.split('/').at(-1));
    if (!Number.isInteger(pid)) return [];
    if (!read(`/proc/${pid}/environ`).split('\0').includes(`HOME=${home}`)) return [];
    return read(`/proc/${pid}/cmdline`).includes('--collective') ? [pid] : [];
  });
  const parents = new Set(own);
  return own.find((pid) => parents.has(parentOf(pid)));
}

function parentOf(pid: number): number {
  return Number(/\) \S (\d+)/u.exec(read(`/proc/${pid}/stat`))?.[1] ?? 0);
}

/** Paths of files below a folder, so many levels deep. */
function found(folder: string, levels = 6): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() && levels > 0 ? found(path, levels - 1) : [path];
    });
  } catch {
    // It went meanwhile.
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
