/**
 * The same command with 4 KiB of output on many hosts behind real sshd: our ssh runner beside clush
 * (Debian clustershell) in one run. Cold connections, host keys checked, every output compared.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stream } from '../plan/random.ts';
import { commandLine } from '../runners/session/quote.ts';
import { startSshd } from '../test/sshd.ts';
import type { Bench, Row } from './bench.ts';
import { builtDist, needPeer, numberAfter } from './prepare.ts';
import { usageOf, type Usage } from './usage.ts';

const HOSTS = 200;
const SHARE = 1 / 8;
const MEMORY = 250;
/** 64 lines of 63 characters. */
const LINES = 64;
const FILE = 'four-kib';
const COMMAND = ['sh', '-c', `cat "$HOME/${FILE}"`];
/** Runs of each side; the least of each counts. */
const RUNS = 2;

/** `--hosts N` for fewer. */
export const bench: Bench = async (words) => {
  await needPeer({
    clustershell: ['clush'],
    'openssh-client': ['ssh'],
    'openssh-server': ['/usr/sbin/sshd'],
  });
  const dist = builtDist();
  const sshd = await startSshd({ hosts: numberAfter(words, '--hosts') ?? HOSTS });
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
    const ours: Usage[] = [];
    const peers: Usage[] = [];
    for (let turn = 0; turn < RUNS; turn += 1) {
      ours.push(await usageOf([process.execPath, client], report, { input, limit: 300 }));
      const clush = [
        'clush',
        '-q',
        '-w',
        names.join(','),
        '-o',
        `-F none -p ${port} -i ${identityFile} -o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes`,
        commandLine(COMMAND),
      ];
      peers.push(await usageOf(clush, report, { limit: 300 }));
    }
    return rows(ours, peers, expected);
  } finally {
    await sshd.stop();
  }
};

function rows(ours: Usage[], peers: Usage[], expected: ReadonlyMap<string, string>): Row[] {
  const least = (all: readonly Usage[], of: (one: Usage) => number) => Math.min(...all.map(of));
  const most = (all: readonly Usage[], of: (one: Usage) => number) => Math.max(...all.map(of));
  const cpu = least(ours, (one) => one.cpu);
  const peerCpu = least(peers, (one) => one.cpu);
  const memory = most(ours, (one) => one.memory);
  const right = Math.min(...ours.map((one) => same(one, expected)));
  const peerRight = Math.min(...peers.map((one) => same(one, expected)));
  const { size } = expected;
  return [
    {
      figure: `outputs as expected (of ${size}, in each of ${RUNS} runs)`,
      measured: right,
      peer: peerRight,
      target: String(size),
      met: right === size && peerRight === size,
    },
    {
      figure: 'CPU user + system with children, s',
      measured: cpu.toFixed(3),
      peer: peerCpu.toFixed(3),
      target: `<= 1/8 of clush: ${(peerCpu * SHARE).toFixed(3)} (now 1/${(peerCpu / cpu).toFixed(1)})`,
      met: cpu <= peerCpu * SHARE,
    },
    {
      figure: 'memory, MiB',
      measured: memory.toFixed(0),
      peer: most(peers, (one) => one.memory).toFixed(0),
      target: `<= ${MEMORY}`,
      met: memory <= MEMORY,
    },
    {
      figure: 'wall clock, s (hosts on this machine: sshd has its share)',
      measured: least(ours, (one) => one.seconds).toFixed(1),
      peer: least(peers, (one) => one.seconds).toFixed(1),
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
