/** Opens hosts over SSH: the configuration, the keys and the jump hosts are shared by all of them. */
import { setMaxListeners } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../../plan/errors.ts';
import { gate } from '../session/gate.ts';
import type { Shell } from '../session/shell.ts';
import { expandHome, readConfigText } from './config-file.ts';
import { connect, shellOver, type Connection } from './connect.ts';
import { identities } from './identities.ts';
import { hostKeyName, readKnownHosts, type KnownHosts } from './known-hosts.ts';
import { settingsFrom, type HostSettings, type Overrides } from './settings.ts';
import { proxied, through } from './streams.ts';
import { systemShell } from './system-ssh.ts';

/** A host to open: what its source says over the configuration. */
export type HostToOpen = Overrides & { readonly name: string };

/** What lies between us and a host. */
export type Way = 'direct' | 'jump' | 'proxy' | 'program';

/** What all hosts of a fleet share. */
export interface SshClient {
  /**
   * Opens one host.
   * @param relay carries the connection, unless the configuration names another way or it can't
   * @throws {HarnessError} SSH_UNREACHABLE, SSH_AUTH, SSH_HOST_KEY_MISMATCH, SSH_HOST_KEY_UNKNOWN
   */
  open(host: HostToOpen, signal: AbortSignal, relay?: HostToOpen): Promise<Shell>;
  /** What the configuration makes of a host. */
  settings(host: HostToOpen): HostSettings;
  /** How the configuration reaches a host; `program`: by the system's ssh. */
  way(host: HostToOpen): Promise<Way>;
  /** Closes the connections to jump hosts and relays. */
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
  const carriers = new Map<string, Carrier>();

  const settings = ({ name, ...over }: HostToOpen) =>
    settingsOf(name, { ...options.over, ...over });
  const knownOf = (files: readonly string[]) => {
    const key = files.join('\n');
    const known = knownFiles.get(key) ?? readKnownHosts(files);
    knownFiles.set(key, known);
    return known;
  };

  const connectTo = async (
    to: HostSettings,
    signal: AbortSignal,
    relay?: HostToOpen,
  ): Promise<Connection> => {
    const [known, keys] = await Promise.all([knownOf(to.knownHosts), keysOf(to)]);
    const carrier = await carrierOf(to, signal, relay);
    // Not before its turn: what is connected and says nothing is thrown out by the host.
    const leave = await pace(signal);
    try {
      const over =
        carrier === undefined
          ? proxied(to)
          : await through(carrier, to, options.timeout, to.jumps.length === 0);
      const common = { known, identities: keys, timeout: options.timeout };
      return await connect(to, over === undefined ? common : { ...common, over }, signal);
    } finally {
      leave();
    }
  };

  /** The open connection that another is made through; undefined: none is needed, or the relay can't be had. */
  const carrierOf = async (
    to: HostSettings,
    signal: AbortSignal,
    relay: HostToOpen | undefined,
  ): Promise<Connection | undefined> => {
    if (to.jumps.length > 0) return jumpTo(to.jumps, signal);
    if (relay === undefined || to.proxyCommand !== undefined) return undefined;
    try {
      const by = settings(relay);
      const key = `relay ${by.user}@${by.address}:${by.port}`;
      return await shared(key, () => connectTo(by, signal));
    } catch (error) {
      // A relay is a way, not a part of the host: without it the host is reached by itself.
      if (error instanceof HarnessError) return undefined;
      throw error;
    }
  };

  /** One connection for all that go the same way; made again when it is gone. */
  const shared = (key: string, make: () => Promise<Connection>): Promise<Connection> => {
    const there = carriers.get(key);
    if (there !== undefined && !there.gone) return there.made;
    const one: Carrier = { made: make(), gone: false };
    carriers.set(key, one);
    const end = () => {
      one.gone = true;
    };
    one.made.then((open) => open.closed.addEventListener('abort', end, { once: true }), end);
    return one.made;
  };
  const jumpTo = (chain: readonly string[], signal: AbortSignal): Promise<Connection> =>
    shared(chain.join(','), () => openJump(chain, signal));
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

  /** Whether a host asks for what only the system's ssh can do. */
  const certified = async (to: HostSettings): Promise<boolean> => {
    const [known, keys] = await Promise.all([knownOf(to.knownHosts), keysOf(to)]);
    const authority = known.lookup(hostKeyName(to.hostKeyAlias ?? to.address, to.port));
    return keys.certificate || (authority.authorities.length > 0 && authority.keys.length === 0);
  };

  return {
    settings,
    async way(host) {
      const to = settings(host);
      if (await certified(to)) return 'program';
      if (to.jumps.length > 0) return 'jump';
      return to.proxyCommand === undefined ? 'direct' : 'proxy';
    },
    async open(host, signal, relay) {
      // One signal for a whole fleet is the usual case.
      setMaxListeners(0, signal);
      const to = settings(host);
      if (await certified(to)) {
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
      return shellOver(await connectTo(to, signal, relay));
    },
    async close() {
      const all = await Promise.allSettled([...carriers.values()].map((one) => one.made));
      const open = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      await Promise.all(open.map((one) => one.close()));
    },
  };
}

/** A connection that carries others; `gone`: the next caller makes another. */
interface Carrier {
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
