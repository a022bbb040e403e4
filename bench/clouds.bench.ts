/**
 * Each provider's stand-in whole: eight machines provisioned, judged by all suites, given back; and eight that
 * were delivered, attached. Wall time, and that nothing of ours is left.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeKey } from '../fixtures/clouds/nodes/sshd.ts';
import { standIns } from '../fixtures/clouds/registry.ts';
import { serve } from '../fixtures/clouds/serve.ts';
import { run } from '../runners/process.ts';
import { standInPlan, type Changes } from '../test/stand-in-plan.ts';
import type { Bench, Row } from './bench.ts';
import { builtDist } from './prepare.ts';

const MACHINES = 8;
/** Seconds, on two cores. */
const LIMIT = 200;

/** How a delivered machine is named in a plan that attaches, by provider. */
const ATTACH: Readonly<Record<string, object>> = {
  aws: { regions: ['us-east-1'], tags: { delivery: 'tranche-7' } },
};

/** A provider's name for that one alone. */
export const bench: Bench = async (words) => {
  builtDist();
  const rows: Row[] = [];
  for (const name of Object.keys(standIns)) {
    if (words.length > 0 && !words.includes(name)) continue;
    rows.push(await whole(name, 'provisioned', {}));
    const attach = ATTACH[name];
    if (attach === undefined) continue;
    rows.push(await whole(name, 'attached', { fleet: { provision: undefined, attach } }));
  }
  return rows;
};

async function whole(
  name: string,
  how: 'provisioned' | 'attached',
  changes: Changes,
): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-clouds-'));
  const standIn = await serve(name);
  try {
    const key = join(folder, 'id');
    await makeKey(key);
    if (how === 'attached') standIn.deliver(MACHINES, readFileSync(`${key}.pub`, 'utf8').trim());
    const before = standIn.held().length;
    const plan = await standInPlan(name, folder, {
      ...changes,
      fleet: {
        ...changes.fleet,
        endpoint: standIn.url,
        ...(how === 'attached' && { 'identity-file': key }),
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
