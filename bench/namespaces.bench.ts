/**
 * Who is slow, on real links: 16 hosts in network namespaces behind four leaves, every link held to 50 Mbit/s both
 * ways by `tc`, and one thing after the other held to 25: a host, two, a leaf, one pair, one rail. Then a rank that is
 * stopped and one that is killed in a collective over all of them. Every run is the built command.
 */
import { canHaveNetworks, networkHosts, type NetworkHosts } from '../test/network-hosts.ts';
import { locate, pairsPlan, type Located, type PairsAsked } from '../test/network-run.ts';
import type { Bench, Row } from './bench.ts';
import { missingRank } from './namespaces-missing.ts';
import { builtDist, needPeer, numberAfter } from './prepare.ts';

const HOSTS = 16;
const PER_LEAF = 4;
/** Mbit/s of what is slowed. */
const SLOW = 25;
/** Seconds a run may take. */
const LIMIT = 900;
/** Repeatability that decides; the run measures its own as well, and d′ is by that. */
const SIGMA = 0.03;
const LEAST_DISTANCE = 6;
const MOST_ROUNDS = 4;

interface Scene {
  readonly name: string;
  readonly asked?: Partial<PairsAsked>;
  readonly rails?: number;
  slow(net: NetworkHosts): Promise<void>;
  /** What must be named: nodes, groups, links. */
  readonly nodes?: readonly string[];
  readonly groups?: readonly string[];
  readonly links?: (net: NetworkHosts) => readonly string[];
  /** More that must hold. */
  also?(located: Located): boolean;
  readonly rounds?: number;
}

const bad = async (net: NetworkHosts, ...hosts: readonly number[]) => {
  for (const host of hosts) await net.slowHost(host, SLOW);
};

/** The other end of the slow pair, on another leaf. */
const farHost = (net: NetworkHosts) => net.fleet.hosts.length - 4;

const SCENES: readonly Scene[] = [
  { name: 'one-1', slow: (net) => bad(net, 6), nodes: ['n0007'], rounds: MOST_ROUNDS },
  { name: 'one-2', slow: (net) => bad(net, 0), nodes: ['n0001'], rounds: MOST_ROUNDS },
  { name: 'one-3', slow: (net) => bad(net, 15), nodes: ['n0016'], rounds: MOST_ROUNDS },
  { name: 'two', slow: (net) => bad(net, 2, 13), nodes: ['n0003', 'n0014'], rounds: MOST_ROUNDS },
  {
    name: 'leaf',
    slow: (net) => net.slowLeaf(1, SLOW),
    nodes: ['n0005', 'n0006', 'n0007', 'n0008'],
    groups: ['leaf leaf-2'],
  },
  {
    name: 'pair-swept',
    asked: { fullSweep: true },
    slow: (net) => net.slowPair(3, farHost(net), SLOW),
    links: (net) => [`n0004~n${String(farHost(net) + 1).padStart(4, '0')}`],
  },
  {
    name: 'pair-not-swept',
    slow: (net) => net.slowPair(3, farHost(net), SLOW),
    also: ({ verdict }) =>
      verdict.notes.some((note) => note.includes('not covered: a fault of one pair')),
  },
  {
    name: 'rail',
    // Twice the ranks and flows on one machine: twice as long, for the same noise.
    asked: { scope: 'rail', interfaces: ['eth0', 'eth1'], size: 8 },
    rails: 2,
    slow: (net) => net.slowHost(9, SLOW, 1),
    nodes: ['n0010'],
    rounds: MOST_ROUNDS,
    also: ({ verdict }) =>
      verdict.findings.some(
        ({ subject, rails }) =>
          subject.kind === 'node' && subject.node === 'n0010' && rails?.join() === '1',
      ),
  },
];

/** `--scene NAME,NAME`: some of them (stopped and killed too); `--hosts N` for fewer. */
export const bench: Bench = async (words) => {
  await needPeer({
    'openssh-client': ['ssh-keygen'],
    'openssh-server': ['/usr/sbin/sshd'],
    iproute2: ['ip', 'tc'],
    'python3-torch': ['/usr/lib/python3/dist-packages/torch'],
  });
  if (!(await canHaveNetworks())) throw new Error('needs root and network namespaces');
  if (!words.includes('--built')) builtDist();
  const at = words.indexOf('--scene');
  const named = words[at + 1]?.split(',') ?? [];
  const wanted = (name: string) => at < 0 || named.includes(name);
  const hosts = numberAfter(words, '--hosts') ?? HOSTS;
  const rows: Row[] = [];
  for (const rails of [1, 2]) {
    const scenes = SCENES.filter((one) => (one.rails ?? 1) === rails && wanted(one.name));
    const missing = rails === 1 ? (['stopped', 'killed'] as const).filter(wanted) : [];
    if (scenes.length + missing.length === 0) continue;
    const net = await networkHosts({ hosts, perLeaf: PER_LEAF, rails });
    try {
      for (const scene of scenes) rows.push(...(await sceneRows(net, scene)));
      for (const how of missing) rows.push(...(await missingRank(net, how, LIMIT)));
    } finally {
      await net.stop();
    }
  }
  return rows;
};

async function sceneRows(net: NetworkHosts, scene: Scene): Promise<Row[]> {
  const { name, nodes = [], groups = [] } = scene;
  const links = scene.links?.(net) ?? [];
  await net.mend();
  await scene.slow(net);
  const plan = await pairsPlan(net, { name, scope: 'pair', sigma: SIGMA, ...scene.asked });
  const located = await locate(net, plan, LIMIT);
  const same = (one: readonly string[], other: readonly string[]) => one.join() === other.join();
  const right =
    same(located.named, nodes) &&
    same(located.groups, groups) &&
    same(located.links, links) &&
    scene.also?.(located) !== false;
  const seen = [...located.groups, ...located.named, ...located.links].join(', ') || 'nobody';
  const target = [...groups, ...nodes, ...links].join(', ') || 'nobody, and said not covered';
  return [
    { figure: `${name}: who is named`, measured: seen, target, met: right },
    {
      figure: `${name}: sigma_pair, d′ as measured`,
      measured: `${(located.sigma * 100).toFixed(2)} %, ${located.distance.toFixed(1)}`,
      target: `d′ ≥ ${LEAST_DISTANCE}`,
      met: located.distance >= LEAST_DISTANCE,
    },
    {
      figure: `${name}: rounds of the search, s of the run`,
      measured: `${located.rounds}, ${located.seconds.toFixed(0)}`,
      ...(scene.rounds !== undefined && {
        target: `≤ ${scene.rounds} rounds`,
        met: located.rounds <= scene.rounds,
      }),
    },
  ];
}
