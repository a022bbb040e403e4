/**
 * Real sshd on loopback addresses: a fleet of hosts on one machine, each with its own address, home
 * folder and known key. Works without root; nothing outside the temporary folder is touched.
 */
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import {
  configuration,
  kill,
  listen,
  makeKey,
  sessionsOf as children,
  silence,
  type Daemon as OneDaemon,
} from '../fixtures/clouds/nodes/sshd.ts';

/** sshd takes no more ListenAddress lines than this. */
const ADDRESSES_A_DAEMON = 16;
const ADDRESSES_A_NETWORK = 254;
/** For `configuration`: what sshd ships with, where the tests' own daemons allow more. */
export const AS_SHIPPED = ['MaxStartups 10:30:100', 'MaxSessions 10'] as const;
/** For `logged`: what sshd says when it turns a connection away, or loses one that nobody has spoken for. */
export const DROPPED =
  /drop connection|MaxStartups|Timeout before|timed out|kex_exchange_identification|Connection (?:closed|reset) by .*\[preauth\]/u;

/** One host of the test fleet. */
interface TestHost {
  /** 127.x.y.z: its name and its address. */
  readonly address: string;
  /** Its HOME; on one machine with all others. */
  readonly home: string;
}

/** Listeners under way. */
export interface TestSshd {
  readonly hosts: readonly TestHost[];
  readonly port: number;
  /** Temporary folder of all of it. */
  readonly folder: string;
  readonly identityFile: string;
  readonly knownHosts: string;
  /** Block of a plan's fleet for `runner: ssh`, keys of sshOptions; give more to override. */
  options(more?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Kills the sessions of the daemon that a host belongs to: connections break, programs there live on. */
  cut(host?: TestHost): Promise<number>;
  /** Connections that a host's daemon has accepted so far. */
  accepted(host: TestHost): Promise<number>;
  /** Lines of all daemons' logs that match. */
  logged(what: RegExp): Promise<readonly string[]>;
  /** Stops listening at a host's daemon (sessions stay): new connections are refused. */
  refuse(host: TestHost): Promise<void>;
  /** Listens again after `refuse`. */
  listen(host: TestHost): Promise<void>;
  stop(): Promise<void>;
}

/** How the fleet is made. */
export interface TestSshdOptions {
  readonly hosts: number;
  /** One daemon and key a host (default up to 8 hosts), or 16 hosts a daemon and one key for all, dealt out in turn. */
  readonly daemons?: 'own' | 'shared';
  /** More lines for sshd_config. */
  readonly configuration?: readonly string[];
  /** A host's HOME, in place of a new folder. */
  readonly home?: (index: number) => string | undefined;
}

/** Starts the listeners and waits until they answer. */
export async function startSshd(options: TestSshdOptions): Promise<TestSshd> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-sshd-'));
  const own = (options.daemons ?? (options.hosts <= 8 ? 'own' : 'shared')) === 'own';
  const size = own ? 1 : ADDRESSES_A_DAEMON;
  const many = options.hosts > ADDRESSES_A_NETWORK;
  const [block, from] = many ? [randomInt(10, 16), 0] : [randomInt(16, 250), randomInt(0, 256)];
  const port = randomInt(20_000, 32_000);
  const identityFile = join(folder, 'id');
  const knownHosts = join(folder, 'known_hosts');
  await makeKey(identityFile);
  await writeFile(join(folder, 'authorized_keys'), await readFile(`${identityFile}.pub`), {
    mode: 0o600,
  });
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });

  const hosts: TestHost[] = [];
  for (let index = 0; index < options.hosts; index += 1) {
    // .0 and .255 are left out: some tools take them for network and broadcast.
    const network = from + Math.floor(index / ADDRESSES_A_NETWORK);
    const address = `127.${block}.${network}.${(index % ADDRESSES_A_NETWORK) + 1}`;
    const home = options.home?.(index) ?? join(folder, 'homes', address);
    await mkdir(home, { recursive: true });
    hosts.push({ address, home });
  }

  const known: string[] = [];
  const daemons: Daemon[] = [];
  const count = Math.ceil(hosts.length / size);
  for (let at = 0; at < count; at += 1) {
    // Neighbours of a plan have a daemon each, as far as there are daemons: a real host has its own.
    const some = hosts.filter((_, index) => index % count === at);
    const name = String(at);
    const key = join(folder, own ? `host-key-${name}` : 'host-key');
    if (!existsSync(key)) await makeKey(key);
    const publicKey = (await readFile(`${key}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
    known.push(...some.map((host) => `[${host.address}]:${port} ${publicKey}`));
    const config = join(folder, `sshd_config-${name}`);
    const authorized = join(folder, 'authorized_keys');
    await writeFile(
      config,
      configuration(authorized, key, port, some, options.configuration ?? []),
    );
    const addresses = some.map(({ address }) => address);
    daemons.push({ hosts: some, addresses, config, log: join(folder, `log-${name}`) });
  }
  await writeFile(knownHosts, `${known.join('\n')}\n`);
  await Promise.all(daemons.map(listen));

  const daemonOf = (host: TestHost) => {
    const daemon = daemons.find((one) => one.hosts.includes(host));
    if (daemon === undefined) throw new Error('not a host of this fleet');
    return daemon;
  };
  return {
    hosts,
    port,
    folder,
    identityFile,
    knownHosts,
    options: (more) => ({
      hosts: hosts.map((host) => host.address),
      port,
      'identity-file': identityFile,
      'known-hosts': knownHosts,
      config: 'none',
      ...more,
    }),
    async cut(host) {
      const some = host === undefined ? daemons : [daemonOf(host)];
      const sessions = some.flatMap((daemon) => [
        ...(daemon.sessions ?? []),
        ...children(daemon.running?.pid),
      ]);
      for (const pid of sessions) kill(pid);
      return sessions.length;
    },
    async accepted(host) {
      return (await readFile(daemonOf(host).log, 'utf8')).split('Accepted publickey').length - 1;
    },
    async logged(what) {
      const logs = await Promise.all(daemons.map(({ log }) => readFile(log, 'utf8')));
      return logs.flatMap((log) => log.split('\n')).filter((line) => what.test(line));
    },
    async refuse(host) {
      const daemon = daemonOf(host);
      // Sessions are children of the listener: they are remembered, it can't be asked any more.
      daemon.sessions = children(daemon.running?.pid);
      await silence(daemon);
    },
    listen: (host) => listen(daemonOf(host)),
    async stop() {
      const sessions = daemons.flatMap((one) => [
        ...(one.sessions ?? []),
        ...children(one.running?.pid),
      ]);
      // A session holds the daemon's output open: it goes first.
      for (const pid of sessions) kill(pid);
      await Promise.all(daemons.map(silence));
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

interface Daemon extends OneDaemon {
  readonly hosts: readonly TestHost[];
}
