/**
 * Real sshd on loopback addresses: a fleet of hosts on one machine, each with its own address, home
 * folder and known key. Works without root; nothing outside the temporary folder is touched.
 */
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { run, spawn } from '../runners/process.ts';

/** sshd takes no more ListenAddress lines than this. */
const ADDRESSES_A_DAEMON = 16;

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
  /** Stops listening at a host's daemon (sessions stay): new connections are refused. */
  refuse(host: TestHost): Promise<void>;
  /** Listens again after `refuse`. */
  listen(host: TestHost): Promise<void>;
  stop(): Promise<void>;
}

/** How the fleet is made. */
export interface TestSshdOptions {
  readonly hosts: number;
  /** One daemon and key a host (default up to 8 hosts), or 16 hosts a daemon and one key for all. */
  readonly daemons?: 'own' | 'shared';
  /** More lines for sshd_config. */
  readonly configuration?: readonly string[];
  /** A host's HOME, in place of a new folder. */
  readonly home?: (index: number) => string | undefined;
}

function sshdPath(): string | undefined {
  return ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/sbin/sshd'].find((path) => existsSync(path));
}

/** A key pair without passphrase unless one is given. */
export async function makeKey(path: string, type = 'ed25519', passphrase = ''): Promise<void> {
  const argv = [
    'ssh-keygen',
    '-q',
    '-t',
    type,
    '-N',
    passphrase,
    '-C',
    'test',
    '-f',
    path,
  ] as const;
  await run([...argv], { limit: 30 });
}

/** Starts the listeners and waits until they answer. */
export async function startSshd(options: TestSshdOptions): Promise<TestSshd> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-sshd-'));
  const own = (options.daemons ?? (options.hosts <= 8 ? 'own' : 'shared')) === 'own';
  const size = own ? 1 : ADDRESSES_A_DAEMON;
  const network = `127.${randomInt(16, 250)}.${randomInt(0, 256)}`;
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
    const address = `${network}.${index + 1}`;
    const home = options.home?.(index) ?? join(folder, 'homes', address);
    await mkdir(home, { recursive: true });
    hosts.push({ address, home });
  }

  const known: string[] = [];
  const daemons: Daemon[] = [];
  for (let first = 0; first < hosts.length; first += size) {
    const some = hosts.slice(first, first + size);
    const name = String(first);
    const key = join(folder, own ? `host-key-${name}` : 'host-key');
    if (!existsSync(key)) await makeKey(key);
    const publicKey = (await readFile(`${key}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
    known.push(...some.map((host) => `[${host.address}]:${port} ${publicKey}`));
    const config = join(folder, `sshd_config-${name}`);
    await writeFile(config, configuration(folder, key, port, some, options.configuration ?? []));
    daemons.push({ hosts: some, config, log: join(folder, `log-${name}`) });
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

interface Daemon {
  readonly hosts: readonly TestHost[];
  readonly config: string;
  readonly log: string;
  running?: ReturnType<typeof spawn> & { stop(): void };
  sessions?: readonly number[];
}

function configuration(
  folder: string,
  key: string,
  port: number,
  hosts: readonly TestHost[],
  more: readonly string[],
): string {
  return [
    `Port ${port}`,
    ...hosts.map((host) => `ListenAddress ${host.address}`),
    `HostKey ${key}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'MaxStartups 1000:30:2000',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'AcceptEnv none',
    ...more,
    // Login files of the real home would be read otherwise, and its cache be used.
    ...hosts.flatMap((host) => [
      `Match LocalAddress ${host.address}`,
      `  SetEnv HOME=${host.home} PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    ]),
    '',
  ].join('\n');
}

async function listen(daemon: Daemon): Promise<void> {
  const program = sshdPath();
  if (program === undefined) throw new Error('sshd is not installed');
  await rm(daemon.log, { force: true });
  const stop = new AbortController();
  const running = spawn([program, '-D', '-f', daemon.config, '-E', daemon.log], {
    signal: stop.signal,
  });
  running.stdout.resume();
  running.stderr.resume();
  daemon.running = { ...running, stop: () => stop.abort() };
  const lines = daemon.hosts.length;
  for (let tries = 0; tries < 200; tries += 1) {
    const log = existsSync(daemon.log) ? await readFile(daemon.log, 'utf8') : '';
    if (log.split('Server listening').length > lines) return;
    if (/error:|fatal:|Bad configuration/u.test(log)) throw new Error(`sshd: ${log}`);
    await pause(25);
  }
  throw new Error('sshd did not start');
}

async function silence(daemon: Daemon): Promise<void> {
  const { running } = daemon;
  if (running === undefined) return;
  delete daemon.running;
  running.stop();
  // Not its end: sessions that live on hold its output open.
  while (readQuietly(`/proc/${running.pid ?? 0}/cmdline`) !== '') await pause(10);
}

/** All descendants of a process that are sshd's own. */
function children(pid: number | undefined): readonly number[] {
  if (pid === undefined) return [];
  const parents = new Map<number, { readonly parent: number; readonly name: string }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/u.test(name)) continue;
    const stat = readQuietly(`/proc/${name}/stat`);
    const parts = /^\d+ \((.*)\) \S (\d+)/su.exec(stat);
    if (parts !== null)
      parents.set(Number(name), { parent: Number(parts[2]), name: parts[1] ?? '' });
  }
  const found: number[] = [];
  const visit = (above: number) => {
    for (const [one, { parent, name }] of parents) {
      if (parent !== above || !name.startsWith('sshd')) continue;
      found.push(one);
      visit(one);
    }
  };
  visit(pid);
  return found;
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process ended meanwhile.
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
