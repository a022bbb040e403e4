/**
 * SIGKILL at random moments of provisioning and release, on each plan of a stand-in; then
 * `assay sweep --yes`: nothing of ours may be left, and everything of others.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { kill } from '../fixtures/clouds/nodes/sshd.ts';
import { serve } from '../fixtures/clouds/serve.ts';
import { stream } from '../plan/random.ts';
import { run, spawn } from '../runners/process.ts';
import { standInPlan } from '../test/stand-in-plan.ts';
import type { Bench, Row } from './bench.ts';
import { PLANS } from './clouds.bench.ts';
import { builtDist, numberAfter } from './prepare.ts';

const MOMENTS = 20;
/** Longest wait before the kill, ms: a release begins after about six seconds of tries at SSH. */
const LONGEST = 7500;

/** `--moments N` for fewer; a plan's name for that one alone. */
export const bench: Bench = async (words) => {
  builtDist();
  const moments = numberAfter(words, '--moments') ?? MOMENTS;
  const named = Object.keys(PLANS).filter((name) => words.includes(name));
  const rows: Row[] = [];
  for (const name of named.length > 0 ? named : Object.keys(PLANS)) {
    rows.push(await killed(name, PLANS[name]?.runner ?? name, moments));
  }
  return rows;
};

async function killed(name: string, runner: string, moments: number): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-kill-'));
  const command = fileURLToPath(new URL('../bin/assay.js', import.meta.url));
  const environment = { XDG_STATE_HOME: join(folder, 'state') };
  const random = stream(4, 'kill', name);
  let heldAtKill = 0;
  const leaks: string[] = [];
  try {
    for (let moment = 0; moment < moments; moment += 1) {
      const standIn = await serve(runner, { boot: 'none', startingFor: 500, endingFor: 500 });
      const others = standIn.held().length;
      try {
        const plan = await standInPlan(name, folder, {
          fleet: { endpoint: standIn.url, 'boot-time': '1 s', 'host-key-wait': '1 ms' },
        });
        const out = join(folder, `runs-${moment}`);
        const stop = new AbortController();
        const running = spawn([process.execPath, command, 'accept', plan, '--out', out], {
          environment,
          signal: stop.signal,
        });
        running.stdout.resume();
        running.stderr.resume();
        while (standIn.calls.size === 0) await pause(5);
        await pause(random() * LONGEST);
        // It may have ended by itself: a moment after everything is one too.
        if (running.pid !== undefined) kill(running.pid);
        await running.end;
        const before = standIn.held().filter((one) => !one.neighbour).length;
        heldAtKill += before > 0 ? 1 : 0;
        const words = ['sweep', plan, '--yes', '--out', out] as const;
        const swept = await run([process.execPath, command, ...words], { environment, limit: 60 });
        const left = standIn.held().filter((one) => !one.neighbour);
        const neighbours = standIn.held().length - left.length;
        if (
          left.length > 0 ||
          neighbours !== others ||
          swept.ended !== 'exited' ||
          swept.code !== 0
        ) {
          leaks.push(`${moment}: ${left.length} left, ${neighbours} of ${others} others`);
        }
      } finally {
        await standIn.close();
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    figure: `${name}: leaks after SIGKILL at ${moments} random moments and a sweep`,
    measured: `${leaks.length}${leaks.length > 0 ? ` (${leaks.join('; ')})` : ''}; machines were held at ${heldAtKill} of the kills`,
    target: '0, and held at some',
    met: leaks.length === 0 && heldAtKill > 0,
  };
}
