/**
 * The same command with 4 KiB of output on many hosts behind real sshd with the limits that it ships with: our
 * ssh runner beside clush (Debian clustershell) and pdsh in one run, each with its own number of connections at
 * once. Cold connections, host keys checked, every output compared.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stream } from '../plan/random.ts';
import { commandLine } from '../runners/session/quote.ts';
import { AS_SHIPPED, DROPPED, startSshd } from '../test/sshd.ts';
import type { Bench, Row } from './bench.ts';
import { builtDist, needPeer, numberAfter } from './prepare.ts';
import { usageOf, type Usage } from './usage.ts';

const HOSTS = 200;
const SHARE = 1 / 8;
const MEMORY = 250;
/** 64 lines of 63 characters. */
const LINES = 64;
/** Seconds for one side. */
const LIMIT = 900;
const FILE = 'four-kib';
const COMMAND = ['sh', '-c', `cat "$HOME/${FILE}"`];
/** Runs of each side; the least of each counts. */
const RUNS = 2;
/** From so many hosts on there is one run of each: a tool that starts a program a host takes minutes. */
const MANY = 1000;
const MANY_MEMORY = 600;

/** `--hosts N` for fewer or more. */
export const bench: Bench = async (words) => {
  await needPeer({
    clustershell: ['clush'],
    pdsh: ['pdsh'],
    'openssh-client': ['ssh'],
    'openssh-server': ['/usr/sbin/sshd'],
  });
  const dist = builtDist();
  const hosts = numberAfter(words, '--hosts') ?? HOSTS;
  const sshd = await startSshd({ hosts, daemons: 'shared', configuration: AS_SHIPPED });
  try {
    const expected = new Map<string, string>();
    for (const { address, home } of sshd.hosts) {
      const content = fourKib(address);
      expected.set(address, content);
      await writeFile(join(home, FILE), content);
    }
    const report = join(sshd.folder, 'usage.json');
    const names = sshd.hosts.map((host) => host.address);
    const { identityFile, knownHosts, port } = sshd;
    const input = JSON.stringify({
      dist,
      hosts: names,
      argv: COMMAND,
      options: {
        config: 'none',
        timeout: 20,
        handshakes: 32,
        scratch: sshd.folder,
        over: { port, identityFiles: [identityFile], knownHosts },
      },
    });
    const client = fileURLToPath(new URL('fanout-client.mjs', import.meta.url));
    const sides: Sides = { ours: [], clush: [], pdsh: [] };
    const flags = `-F none -p ${port} -i ${identityFile} -o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes`;
    const command = commandLine(COMMAND);
    for (let turn = 0; turn < (hosts < MANY ? RUNS : 1); turn += 1) {
      sides.ours.push(await usageOf([process.execPath, client], report, { input, limit: LIMIT }));
      const clush = ['clush', '-q', '-w', names.join(','), '-o', flags, command];
      sides.clush.push(await usageOf(clush, report, { limit: LIMIT }));
      const pdsh = ['pdsh', '-R', 'ssh', '-w', names.join(','), command];
      const environment = { PDSH_SSH_ARGS_APPEND: flags };
      sides.pdsh.push(await usageOf(pdsh, report, { limit: LIMIT, environment }));
    }
    const dropped = await sshd.logged(DROPPED);
    return rows(sides, expected, dropped.length);
  } finally {
    await sshd.stop();
  }
};

type Sides = Readonly<Record<'ours' | 'clush' | 'pdsh', Usage[]>>;

function rows(sides: Sides, expected: ReadonlyMap<string, string>, dropped: number): Row[] {
  const least = (all: readonly Usage[], of: (one: Usage) => number) => Math.min(...all.map(of));
  const most = (all: readonly Usage[], of: (one: Usage) => number) => Math.max(...all.map(of));
  const cpu = (side: keyof Sides) => least(sides[side], (one) => one.cpu);
  const memory = (side: keyof Sides) => most(sides[side], (one) => one.memory);
  const right = (side: keyof Sides) => Math.min(...sides[side].map((one) => same(one, expected)));
  const peers = (of: (side: keyof Sides) => string | number) =>
    `clush ${of('clush')}, pdsh ${of('pdsh')}`;
  const { size } = expected;
  const bound = size < MANY ? MEMORY : MANY_MEMORY;
  const ratio = (side: keyof Sides) => `1/${(cpu(side) / cpu('ours')).toFixed(1)} of ${side}`;
  return [
    {
      figure: `outputs as expected (of ${size}, the least of ${sides.ours.length} runs)`,
      measured: right('ours'),
      peer: peers(right),
      target: String(size),
      met: right('ours') === size && right('clush') === size && right('pdsh') === size,
    },
    {
      figure: "connections of all three that the daemons' logs say were dropped",
      measured: dropped,
      target: '0',
      met: dropped === 0,
    },
    {
      figure: 'CPU user + system with children, s',
      measured: cpu('ours').toFixed(3),
      peer: peers((side) => cpu(side).toFixed(3)),
      target: `<= 1/8 of clush: ${(cpu('clush') * SHARE).toFixed(3)} (now ${ratio('clush')}, ${ratio('pdsh')})`,
      met: cpu('ours') <= cpu('clush') * SHARE,
    },
    {
      figure: 'memory, MiB (of the peers the largest single process)',
      measured: memory('ours').toFixed(0),
      peer: peers((side) => memory(side).toFixed(0)),
      target: `<= ${bound}`,
      met: memory('ours') <= bound,
    },
    {
      figure: 'wall clock, s (hosts on this machine: sshd has its share)',
      measured: least(sides.ours, (one) => one.seconds).toFixed(1),
      peer: peers((side) => least(sides[side], (one) => one.seconds).toFixed(1)),
    },
  ];
}

/** How many hosts' output is exactly what lies there. */
function same(usage: Usage, expected: ReadonlyMap<string, string>): number {
  const seen = new Map<string, string[]>();
  for (const line of usage.stdout.split('\n')) {
    const at = line.indexOf(': ');
    if (at < 0) continue;
    const name = line.slice(0, at);
    const there = seen.get(name) ?? [];
    there.push(`${line.slice(at + 2)}\n`);
    seen.set(name, there);
  }
  if (usage.code !== 0) console.error(`exit ${usage.code}: ${usage.stderr.slice(0, 500)}`);
  return [...expected].filter(([name, content]) => seen.get(name)?.join('') === content).length;
}

/** Another content for every host. */
function fourKib(address: string): string {
  const [, a = 0, b = 0, c = 0] = address.split('.').map(Number);
  const random = stream(a * 65_536 + b * 256 + c, 'fanout');
  const line = () =>
    Array.from({ length: 63 }, () => Math.floor(random() * 36).toString(36)).join('');
  return `${Array.from({ length: LINES }, line).join('\n')}\n`;
}
