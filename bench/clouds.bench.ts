/**
 * Each provider's stand-in whole: eight machines provisioned, judged by all suites, given back; and eight that
 * were delivered, attached. Wall time, and that nothing of ours is left.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeKey } from '../fixtures/clouds/nodes/sshd.ts';
import { serve } from '../fixtures/clouds/serve.ts';
import { run } from '../runners/process.ts';
import { standInPlan } from '../test/stand-in-plan.ts';
import type { Bench, Row } from './bench.ts';
import { builtDist } from './prepare.ts';

const MACHINES = 8;
/** Seconds, on two cores. */
const LIMIT = 200;

/** Plans of stand-ins: their runner, and how delivered machines are named in one that attaches. */
export const PLANS: Readonly<Record<string, { readonly runner: string; readonly attach: object }>> =
  {
    aws: { runner: 'aws', attach: { regions: ['us-east-1'], tags: { delivery: 'tranche-7' } } },
    azure: { runner: 'azure', attach: { tags: { delivery: 'tranche-7' } } },
    oci: {
      runner: 'oci',
      attach: { regions: ['us-ashburn-1', 'us-phoenix-1'], tags: { delivery: 'tranche-7' } },
    },
    gcp: { runner: 'gcp', attach: { labels: { delivery: 'tranche-7' } } },
    tpu: {
      runner: 'gcp',
      attach: { zones: ['us-central1-a', 'us-central1-b'], 'tpu-nodes': ['tranche'] },
    },
  };

/** A plan's name for that one alone; `provisioned` or `attached` for one way. */
export const bench: Bench = async (words) => {
  builtDist();
  const named = Object.keys(PLANS).filter((name) => words.includes(name));
  const ways = (['provisioned', 'attached'] as const).filter((way) => words.includes(way));
  const rows: Row[] = [];
  for (const name of named.length > 0 ? named : Object.keys(PLANS)) {
    for (const way of ways.length > 0 ? ways : (['provisioned', 'attached'] as const)) {
      rows.push(await whole(name, way));
    }
  }
  return rows;
};

async function whole(name: string, how: 'provisioned' | 'attached'): Promise<Row> {
  const { runner, attach } = PLANS[name] ?? { runner: name, attach: {} };
  const folder = mkdtempSync(join(tmpdir(), 'assay-clouds-'));
  const standIn = await serve(runner);
  try {
    const key = join(folder, 'id');
    await makeKey(key);
    if (how === 'attached') standIn.deliver(MACHINES, readFileSync(`${key}.pub`, 'utf8').trim());
    const before = standIn.held().length;
    const plan = await standInPlan(name, folder, {
      fleet: {
        endpoint: standIn.url,
        ...(how === 'attached' && { provision: undefined, attach, 'identity-file': key }),
      },
    });
    const command = fileURLToPath(new URL('../bin/assay.js', import.meta.url));
    const environment = { XDG_STATE_HOME: join(folder, 'state') };
    const argv = [
      process.execPath,
      command,
      'accept',
      plan,
      '--out',
      join(folder, 'runs'),
    ] as const;
    const start = performance.now();
    const ended = await run([...argv], { limit: 2 * LIMIT, environment });
    const seconds = (performance.now() - start) / 1000;
    const accepted = ended.ended === 'exited' && ended.code === 0;
    const left = standIn.held().length - before;
    return {
      figure: `${name}: ${MACHINES} machines ${how}, all suites, report, given back`,
      measured: `${seconds.toFixed(0)} s, ${accepted ? 'accepted' : `not accepted: ${ended.stderr.toString('utf8').slice(0, 300)}`}, ${left} left`,
      target: `≤ ${LIMIT} s, accepted, 0 left`,
      met: accepted && left === 0 && seconds <= LIMIT,
    };
  } finally {
    await standIn.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
