/** Opens hosts over SSH: the configuration, the keys and the jump hosts are shared by all of them. */
import { setMaxListeners } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import { HarnessError } from '../../plan/errors.ts';
import { spawn } from '../process.ts';
import { gate } from '../session/gate.ts';
import type { Shell } from '../session/shell.ts';
import { expandHome, readConfigText } from './config-file.ts';
import { connect, shellOver, type Connection } from './connect.ts';
import { classify } from './failures.ts';
import { identities } from './identities.ts';
import { hostKeyName, readKnownHosts, type KnownHosts } from './known-hosts.ts';
import { settingsFrom, type HostSettings, type Overrides } from './settings.ts';
import { systemShell } from './system-ssh.ts';

/** A host to open: what its source says over the configuration. */
export type HostToOpen = Overrides & { readonly name: string };

/** What all hosts of a fleet share. */
export interface SshClient {
  /**
   * Opens one host.
   * @throws {HarnessError} SSH_UNREACHABLE, SSH_AUTH, SSH_HOST_KEY_MISMATCH, SSH_HOST_KEY_UNKNOWN
   */
  open(host: HostToOpen, signal: AbortSignal): Promise<Shell>;
  /** What the configuration makes of a host. */
  settings(host: HostToOpen): HostSettings;
  /** Closes the connections to jump hosts. */
  close(): Promise<void>;
}

/** How hosts are opened. */
export interface SshClientOptions {
  /** OpenSSH client configuration, or "none". */
  readonly config: string;
  /** For all hosts that don't say otherwise. */
  readonly over: Overrides;
  /** Opens encrypted identity files. */
  readonly passphrase?: string;
  /** Seconds to connect, shake hands and authenticate. */
  readonly timeout: number;
  /** Handshakes at once. */
  readonly handshakes: number;
  /** Folder for control sockets, 0700. */
  readonly scratch: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Reads the configuration and gives the way to hosts. */
export async function sshClient(options: SshClientOptions): Promise<SshClient> {
  const configured = options.config !== 'none';
  const config = expandHome(options.config);
  const text = configured
    ? [
        await readConfigText(config, join(homedir(), '.ssh')),
        // The machine's own file comes second and as a section of its own.
        config === expandHome('~/.ssh/config')
          ? `Host *\n${await readConfigText('/etc/ssh/ssh_config', '/etc/ssh')}`
          : '',
      ].join('\n')
    : '';
  const settingsOf = settingsFrom(text);
  const keysOf = identities(options.passphrase, options.environment);
  const pace = gate(options.handshakes);
  const knownFiles = new Map<string, Promise<KnownHosts>>();
  const jumps = new Map<string, Jump>();

  const settings = ({ name, ...over }: HostToOpen) =>
    settingsOf(name, { ...options.over, ...over });
  const knownOf = (files: readonly string[]) => {
    const key = files.join('\n');
    const known = knownFiles.get(key) ?? readKnownHosts(files);
    knownFiles.set(key, known);
    return known;
  };

  const connectTo = async (to: HostSettings, signal: AbortSignal): Promise<Connection> => {
    const [known, keys] = await Promise.all([knownOf(to.knownHosts), keysOf(to)]);
    const over = await streamTo(to, signal);
    const leave = await pace(signal);
    try {
      const common = { known, identities: keys, timeout: options.timeout };
      return await connect(to, over === undefined ? common : { ...common, over }, signal);
    } finally {
      leave();
    }
  };

  /** A stream through jump hosts or a proxy command; undefined: a TCP connection of its own. */
  const streamTo = async (to: HostSettings, signal: AbortSignal): Promise<Duplex | undefined> => {
    if (to.jumps.length > 0) {
      const last = await jumpTo(to.jumps, signal);
      return forward(last.client, to);
    }
    if (to.proxyCommand === undefined) return undefined;
    // The command is the user's own configuration and means to be read by a shell, as ssh does.
    const stop = new AbortController();
    const running = spawn(['sh', '-c', `exec ${to.proxyCommand}`], { signal: stop.signal });
    running.stderr.resume();
    const stream = Duplex.from({ readable: running.stdout, writable: running.stdin });
    stream.on('close', () => stop.abort());
    return stream;
  };

  /** One shared connection for each chain of jump hosts. */
  const jumpTo = (chain: readonly string[], signal: AbortSignal): Promise<Connection> => {
    const key = chain.join(',');
    const there = jumps.get(key);
    if (there !== undefined && !there.gone) return there.made;
    const one: Jump = { made: openJump(chain, signal), gone: false };
    jumps.set(key, one);
    const end = () => {
      one.gone = true;
    };
    one.made.then((open) => open.closed.addEventListener('abort', end, { once: true }), end);
    return one.made;
  };
  const openJump = async (chain: readonly string[], signal: AbortSignal): Promise<Connection> => {
    const jump = settings(jumpHost(chain.at(-1) ?? ''));
    const before = chain.length > 1 ? chain.slice(0, -1) : jump.jumps;
    try {
      return await connectTo({ ...jump, jumps: before }, signal);
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      const { code, message, hint } = error;
      throw new HarnessError(code, `by way of ${jump.name}: ${message}`, { hint, cause: error });
    }
  };

  return {
    settings,
    async open(host, signal) {
      // One signal for a whole fleet is the usual case.
      setMaxListeners(0, signal);
      const to = settings(host);
      const [known, keys] = await Promise.all([knownOf(to.knownHosts), keysOf(to)]);
      const name = hostKeyName(to.hostKeyAlias ?? to.address, to.port);
      const authority = known.lookup(name);
      if (keys.certificate || (authority.authorities.length > 0 && authority.keys.length === 0)) {
        const leave = await pace(signal);
        try {
          const { scratch, timeout } = options;
          return await systemShell(
            to,
            { config: configured ? config : 'none', scratch, timeout },
            signal,
          );
        } finally {
          leave();
        }
      }
      return shellOver(await connectTo(to, signal));
    },
    async close() {
      const all = await Promise.allSettled([...jumps.values()].map((one) => one.made));
      const open = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      await Promise.all(open.map((one) => one.close()));
    },
  };
}

/** A connection to a jump host; `gone`: the next caller makes another. */
interface Jump {
  readonly made: Promise<Connection>;
  gone: boolean;
}

function jumpHost(text: string): HostToOpen {
  const parts = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/u.exec(text);
  const [, user, name = text, port] = parts ?? [];
  return {
    name: name.replaceAll(/^\[|\]$/gu, ''),
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port: Number(port) }),
  };
}

function forward(client: Client, to: HostSettings): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, to.address, to.port, (error, stream) => {
      if (error) reject(classify(error, to, []));
      else resolve(stream);
    });
  });
}
