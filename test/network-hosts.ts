/**
 * Hosts with a network of their own: each a namespace whose links are real (veth, both ways held to a rate by `tc`),
 * behind the bridge of its leaf; leaves meet at a spine. A host, a pair, a leaf or a rail can be slowed by itself. On
 * one machine, but claimed as if on several: the links are what is measured, and they don't share.
 */
import { setMaxListeners } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, spawn } from '../runners/process.ts';
import { loopbackFleet, type LoopbackFleet, type PlanParts } from './loopback-fleet.ts';

/** Mbit/s of every link that is not slowed. */
const RATE = 50;
/** Queue of a link, bytes: a whole message fits, so that nothing is lost and TCP has nothing to guess. */
const QUEUE = '8mb';

/** Hosts behind leaves. */
export interface NetworkHosts {
  readonly fleet: LoopbackFleet;
  /** Writes a plan whose hosts are these, with leaves and fabric addresses. */
  plan(parts: PlanParts): Promise<string>;
  /** Both ways between a host and its leaf. @param rail interface of the host, from 0 */
  slowHost(host: number, mbit: number, rail?: number): Promise<void>;
  /** Between two hosts only. */
  slowPair(one: number, other: number, mbit: number): Promise<void>;
  /** Both ways between a leaf and the spine, what is from or to each of its hosts: however many flows there are. */
  slowLeaf(leaf: number, mbit: number): Promise<void>;
  /** All links as they were. */
  mend(): Promise<void>;
  stop(): Promise<void>;
}

export interface NetworkOptions {
  readonly hosts: number;
  readonly perLeaf: number;
  /** Interfaces of a host, each on a switch of its own; the first one's has leaves. */
  readonly rails?: number;
}

/** Whether namespaces and traffic control can be had here. */
export async function canHaveNetworks(): Promise<boolean> {
  const words =
    'ip link add v0 type veth peer name v1 && ip link add b0 type bridge && ip link set v0 master b0 && ' +
    'tc qdisc add dev v0 root tbf rate 50mbit burst 64kb limit 1mb && ' +
    'mount --bind /proc/sys/kernel/ostype /proc/sys/kernel/random/boot_id';
  const probe = await run(['unshare', '--net', '--mount', 'sh', '-c', words], { limit: 30 });
  return probe.ended === 'exited' && probe.code === 0;
}

/** Starts hosts and links. */
export async function networkHosts(options: NetworkOptions): Promise<NetworkHosts> {
  const { hosts, perLeaf, rails = 1 } = options;
  const leaves = Math.ceil(hosts / perLeaf);
  const fleet = await loopbackFleet({ hosts });
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const spaces: number[] = [];
  /** Runs in the network of a host, or of the switches. */
  const inside = async (space: number, lines: readonly string[]) => {
    const net = `--net=/proc/${space}/ns/net`;
    const done = await run(['nsenter', net, 'sh', '-ec', lines.join('\n')], { limit: 60 });
    if (done.ended !== 'exited' || done.code !== 0) {
      throw new Error(`${lines.join('; ')}: ${done.stderr.toString('utf8')}`);
    }
  };
  const stop = async () => {
    await fleet.stop();
    over.abort();
  };
  try {
    for (let at = 0; at <= hosts; at += 1) spaces.push(await newSpace(over.signal));
    const switches = spaces[hosts] as number;
    await inside(switches, switchLines(spaces, { leaves, perLeaf, rails, hosts }));
    for (let host = 0; host < hosts; host += 1) {
      await inside(spaces[host] as number, hostLines(host, rails));
      await writeWay(fleet, host, spaces[host] as number);
    }
    const config = join(fleet.sshd.folder, 'ssh_config');
    await writeFile(config, fleet.hosts.map((host, at) => wayOf(fleet, host.address, at)).join(''));
    const shape = (device: string, mbit: number) =>
      `tc qdisc replace dev ${device} root tbf rate ${mbit}mbit burst 64kb limit ${QUEUE}`;
    return {
      fleet,
      stop,
      plan: (parts) =>
        fleet.plan({
          ...parts,
          fleet: ['stand-in: true', ...(parts.fleet ?? [])],
          config,
          columns: (host) => ({
            leaf: `leaf-${Math.floor(host / perLeaf) + 1}`,
            'fabric-address': addressOf(host, 0),
          }),
        }),
      async slowHost(host, mbit, rail = 0) {
        await inside(spaces[host] as number, [shape(`eth${rail}`, mbit)]);
        await inside(switches, [shape(`h${host}r${rail}`, mbit)]);
      },
      async slowPair(one, other, mbit) {
        for (const [from, to] of [
          [one, other],
          [other, one],
        ] as const) {
          await inside(spaces[from] as number, pairLines(to, mbit));
        }
      },
      async slowLeaf(leaf, mbit) {
        const own = each(perLeaf, (at) => leaf * perLeaf + at).filter((host) => host < hosts);
        await inside(switches, leafLines(`up${leaf}`, 'src', own, mbit));
        await inside(switches, leafLines(`down${leaf}`, 'dst', own, mbit));
      },
      async mend() {
        const names = Array.from({ length: hosts }, (_, host) => host);
        for (const host of names) {
          await inside(spaces[host] as number, [
            'tc qdisc del dev eth0 root',
            ...each(rails, (rail) => shape(`eth${rail}`, RATE)),
          ]);
        }
        await inside(switches, [
          ...names.flatMap((host) => each(rails, (rail) => shape(`h${host}r${rail}`, RATE))),
          ...each(leaves, (leaf) => `tc qdisc del dev up${leaf} root 2>/dev/null || true`),
          ...each(leaves, (leaf) => `tc qdisc del dev down${leaf} root 2>/dev/null || true`),
        ]);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A namespace that lives as long as the process that holds it. @returns its id */
async function newSpace(signal: AbortSignal): Promise<number> {
  const script = 'echo ready; exec sleep infinity';
  const holder = spawn(['setpriv', '--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', script], {
    signal,
  });
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve());
    void holder.end.then(() => reject(new Error('a network namespace could not be made')));
  });
  return holder.pid as number;
}

function switchLines(
  spaces: readonly number[],
  of: {
    readonly leaves: number;
    readonly perLeaf: number;
    readonly rails: number;
    readonly hosts: number;
  },
): readonly string[] {
  return [
    'ip link add spine type bridge',
    'ip link set spine up',
    ...each(of.rails, (rail) =>
      rail === 0 ? '' : `ip link add rail${rail} type bridge; ip link set rail${rail} up`,
    ),
    ...each(of.leaves, (leaf) =>
      [
        `ip link add leaf${leaf} type bridge`,
        `ip link set leaf${leaf} up`,
        `ip link add up${leaf} type veth peer name down${leaf}`,
        `ip link set up${leaf} master leaf${leaf} up`,
        `ip link set down${leaf} master spine up`,
      ].join('\n'),
    ),
    ...each(of.hosts, (host) =>
      each(of.rails, (rail) => {
        const port = `h${host}r${rail}`;
        const bridge = rail === 0 ? `leaf${Math.floor(host / of.perLeaf)}` : `rail${rail}`;
        return [
          `ip link add ${port} type veth peer name eth${rail} netns ${spaces[host] ?? 0}`,
          `ip link set ${port} master ${bridge} up`,
          `tc qdisc replace dev ${port} root tbf rate ${RATE}mbit burst 64kb limit ${QUEUE}`,
        ].join('\n');
      }).join('\n'),
    ),
  ];
}

function hostLines(host: number, rails: number): readonly string[] {
  return [
    'ip link set lo up',
    ...each(rails, (rail) =>
      [
        `ip address add ${addressOf(host, rail)}/24 dev eth${rail}`,
        `ip link set eth${rail} up`,
        `tc qdisc replace dev eth${rail} root tbf rate ${RATE}mbit burst 64kb limit ${QUEUE}`,
      ].join('\n'),
    ),
  ];
}

/** What goes to one host is slow, all else is not. */
function pairLines(to: number, mbit: number): readonly string[] {
  return [
    'tc qdisc del dev eth0 root',
    'tc qdisc add dev eth0 root handle 1: htb default 10 r2q 500',
    `tc class add dev eth0 parent 1: classid 1:10 htb rate ${RATE}mbit burst 64kb`,
    `tc class add dev eth0 parent 1: classid 1:20 htb rate ${mbit}mbit burst 64kb`,
    `tc qdisc add dev eth0 parent 1:20 bfifo limit ${QUEUE}`,
    `tc qdisc add dev eth0 parent 1:10 bfifo limit ${QUEUE}`,
    `tc filter add dev eth0 parent 1: protocol ip u32 match ip dst ${addressOf(to, 0)}/32 flowid 1:20`,
  ];
}

/** A way between leaf and spine on which each host of the leaf has so much. */
function leafLines(
  device: string,
  end: 'src' | 'dst',
  hosts: readonly number[],
  mbit: number,
): readonly string[] {
  return [
    `tc qdisc replace dev ${device} root handle 1: htb default 1 r2q 500`,
    ...hosts.flatMap((host, at) => [
      `tc class add dev ${device} parent 1: classid 1:${at + 10} htb rate ${mbit}mbit burst 64kb`,
      `tc qdisc add dev ${device} parent 1:${at + 10} bfifo limit ${QUEUE}`,
      `tc filter add dev ${device} parent 1: protocol ip u32 match ip ${end} ${addressOf(host, 0)}/32 flowid 1:${at + 10}`,
    ]),
  ];
}

/** sshd for one connection, in the host's network and with a boot id of its own. */
async function writeWay(fleet: LoopbackFleet, host: number, space: number): Promise<void> {
  const { folder } = fleet.sshd;
  const first = fleet.hosts.length <= 8 ? host : host - (host % 16);
  const shared = await readFile(join(folder, `sshd_config-${first}`), 'utf8');
  const daemon = join(folder, `sshd_config-net-${host}`);
  // Over a pipe there is no local address to match: the host's lines are for all.
  const common = shared.slice(0, shared.indexOf('Match '));
  const environment = `SetEnv HOME=${fleet.hosts[host]?.home ?? ''} PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  await writeFile(daemon, `${common}\n${environment}\n`);
  const boot = join(folder, `boot-${host}`);
  await writeFile(boot, `00000000-0000-4000-8000-${String(host + 1).padStart(12, '0')}\n`);
  const words = `mount --bind ${boot} /proc/sys/kernel/random/boot_id && exec /usr/sbin/sshd -i -f ${daemon}`;
  await writeFile(
    join(folder, `way-${host}`),
    `exec nsenter --net=/proc/${space}/ns/net unshare --mount sh -c '${words}'\n`,
  );
}

function wayOf(fleet: LoopbackFleet, address: string, host: number): string {
  return `Host ${address}\n  ProxyCommand sh ${join(fleet.sshd.folder, `way-${host}`)}\n`;
}

function addressOf(host: number, rail: number): string {
  return `10.30.${rail}.${host + 1}`;
}

function each<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}
