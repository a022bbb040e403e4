/**
 * 2,000 hosts behind real sshd with the limits that it ships with: opened, inventoried and judged by one
 * controller on a trial of one second each, first directly, then by way of relays. The hosts share this machine,
 * so its processor is theirs: the wall clock says little, the controller's own memory and processor time do.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loopbackFleet, type LoopbackFleet } from '../test/loopback-fleet.ts';
import { AS_SHIPPED, DROPPED } from '../test/sshd.ts';
import type { Bench, Row } from './bench.ts';
import { builtDist, needPeer, numberAfter } from './prepare.ts';
import { usageOf } from './usage.ts';

const HOSTS = 2000;
/** Of the hosts themselves. */
const RELAYS = 20;
const SECONDS = 1;
/** Trials under way at once: the hosts' programs share this machine's memory. */
const AT_ONCE = 64;
const MEMORY = 600;
/** Seconds a run may take. */
const LIMIT = 3000;
interface Told {
  readonly path: string;
  readonly at: Readonly<Record<string, { readonly seconds: number; readonly memory: number }>>;
  readonly lot: string;
  readonly passed: number;
}

/** `--hosts N` for fewer; `--part direct|relays` for one of the two. */
export const bench: Bench = async (words) => {
  await needPeer({ 'openssh-client': ['ssh-keygen'], 'openssh-server': ['/usr/sbin/sshd'] });
  const dist = builtDist();
  const at = words.indexOf('--part');
  const wanted = (part: string) => at < 0 || words[at + 1] === part;
  const hosts = numberAfter(words, '--hosts') ?? HOSTS;
  const rows: Row[] = [];
  for (const part of ['direct', 'relays'].filter(wanted)) {
    const fleet = await loopbackFleet({ hosts, daemons: 'shared', configuration: AS_SHIPPED });
    try {
      rows.push(...(await reached(part, fleet, dist)));
    } finally {
      await fleet.stop();
    }
  }
  return rows;
};

async function reached(part: string, fleet: LoopbackFleet, dist: string): Promise<Row[]> {
  const { sshd, hosts } = fleet;
  const plan = await fleet.plan({
    name: part,
    fleet: [`at-once: ${AT_ONCE}`, ...(part === 'relays' ? [`relays: ${RELAYS}`] : [])],
    suites: ['sleep: {}'],
    criteria: [
      '- { id: slept, metric: sleep.done, per: node, where: { turn: 0 }, source: "this bench" }',
    ],
  });
  const client = fileURLToPath(new URL('reach-client.mjs', import.meta.url));
  const input = JSON.stringify({ dist, plan, out: join(sshd.folder, 'runs'), seconds: SECONDS });
  const used = await usageOf([process.execPath, client], join(sshd.folder, 'usage.json'), {
    input,
    limit: LIMIT,
  });
  if (used.code !== 0) throw new Error(`exit ${used.code}: ${used.stderr.slice(-2000)}`);
  const told = JSON.parse(used.stdout) as Told;
  const fleetFile = JSON.parse(await readFile(join(told.path, 'fleet.json'), 'utf8')) as {
    readonly nodes: readonly { readonly accelerators: readonly unknown[] }[];
  };
  const inventoried = fleetFile.nodes.filter((node) => node.accelerators.length > 0).length;
  const dropped = await sshd.logged(DROPPED);
  const accepted = (await sshd.logged(/Accepted publickey/u)).length;
  const connections = hosts.length + (part === 'relays' ? RELAYS : 0);
  const exactly = (figure: string, measured: number, target: number): Row => ({
    figure: `${part}: ${figure}`,
    measured,
    target: String(target),
    met: measured === target,
  });
  const phases = Object.entries(told.at).map(
    ([name, { seconds, memory }]) =>
      `${name} ${seconds.toFixed(0)} s ${(memory / 2 ** 20).toFixed(0)} MiB`,
  );
  return [
    exactly('hosts inventoried', inventoried, hosts.length),
    exactly('hosts that pass', told.passed, hosts.length),
    exactly("connections that the daemons' logs say were dropped", dropped.length, 0),
    exactly('connections accepted', accepted, connections),
    {
      figure: `${part}: peak memory of the controller, MiB`,
      measured: used.memory.toFixed(0),
      target: `<= ${MEMORY}`,
      met: used.memory <= MEMORY,
    },
    { figure: `${part}: processor time of the controller, s`, measured: used.cpu.toFixed(1) },
    {
      figure: `${part}: wall clock with the hosts on this machine, s`,
      measured: used.seconds.toFixed(0),
    },
    { figure: `${part}: by phase`, measured: phases.join('; ') },
  ];
}
