/** One ssh2 connection, and the Shell over it. */
import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ClientChannel, type ServerHostKeyAlgorithm } from 'ssh2';
import { HarnessError } from '../../plan/errors.ts';
import { gate } from '../session/gate.ts';
import { commandLine } from '../session/quote.ts';
import type { Channel, ChannelEnd, Shell } from '../session/shell.ts';
import { classify } from './failures.ts';
import { judgeKey } from './host-key.ts';
import { hostKeyName, type KnownHosts } from './known-hosts.ts';
import type { Attempts } from './identities.ts';
import type { HostSettings } from './settings.ts';

/** Channels of one connection at once: sshd's MaxSessions is 10 unless told otherwise. */
const CHANNELS = 8;

/** What a connection needs beside its host's settings. */
export interface Connecting {
  readonly known: KnownHosts;
  readonly identities: Attempts;
  /** Seconds for TCP, handshake and authentication together. */
  readonly timeout: number;
  /** A stream to the host in place of a TCP connection of our own. */
  readonly over?: Duplex;
}

/** A connection that stands. */
export interface Connection {
  readonly client: Client;
  /** Aborted when it is gone. */
  readonly closed: AbortSignal;
  close(): Promise<void>;
}

// Cheapest first: X25519 and AES-GCM cost a quarter of the next best here.
const ALGORITHMS = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group-exchange-sha256',
  ],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256'],
  compress: ['none'],
} as const;

const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/**
 * Connects and authenticates.
 *
 * @throws {HarnessError} SSH_UNREACHABLE, SSH_AUTH, SSH_HOST_KEY_MISMATCH, SSH_HOST_KEY_UNKNOWN
 */
export async function connect(
  settings: HostSettings,
  with_: Connecting,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted();
  const { attempts, left } = with_.identities;
  if (attempts.length === 0) {
    throw new HarnessError('SSH_AUTH', `no key to show: ${left.join('; ') || 'none was found'}`, {
      hint: 'Set identity-file, or load a key into the SSH agent.',
    });
  }
  const client = new ssh2.Client();
  const closed = new AbortController();
  const name = hostKeyName(
    settings.hostKeyAlias ?? settings.address,
    settings.hostKeyAlias === undefined ? settings.port : 22,
  );
  const known = with_.known.lookup(name);
  let refused: HarnessError | undefined;
  let recorded: Promise<void> | undefined;
  let next = 0;
  const giveUp = () => client.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      client.on('ready', resolve);
      client.on('error', (error: Error & { readonly level?: string }) => {
        // One of several attempts: the next is made.
        if (error.level === 'agent') return;
        reject(refused ?? classify(error, settings, left));
      });
      client.on('close', () => {
        closed.abort();
        reject(refused ?? classify(new Error('the connection was closed'), settings, left));
      });
      client.connect({
        host: settings.address,
        port: settings.port,
        username: settings.user,
        readyTimeout: with_.timeout * 1000,
        keepaliveInterval: 15_000,
        keepaliveCountMax: 3,
        algorithms: {
          ...ALGORITHMS,
          kex: [...ALGORITHMS.kex],
          cipher: [...ALGORITHMS.cipher],
          hmac: [...ALGORITHMS.hmac],
          compress: [...ALGORITHMS.compress],
          serverHostKey: knownFirst(known.keys.map((one) => one.type)),
        },
        hostVerifier: (key: Buffer): boolean => {
          const type = typeOf(key);
          const judged = judgeKey(known, name, type, key, settings.acceptNew, fingerprint);
          if (judged.verdict === 'refused') {
            refused = judged.error;
            return false;
          }
          if (judged.verdict === 'new') recorded = with_.known.record(name, type, key);
          return true;
        },
        authHandler: () => attempts[next++] ?? false,
        ...(with_.over !== undefined && { sock: with_.over }),
      });
    });
    await recorded;
  } catch (error) {
    client.destroy();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
  return {
    client,
    closed: closed.signal,
    async close() {
      if (closed.signal.aborted) return;
      const gone = new Promise<void>((resolve) => {
        // Held: the end of a proxy command may be all that the loop would wait for, and it may be missed.
        const patience = setTimeout(() => {
          client.destroy();
          resolve();
        }, 1000);
        closed.signal.addEventListener(
          'abort',
          () => {
            clearTimeout(patience);
            resolve();
          },
          { once: true },
        );
      });
      client.end();
      await gone;
    },
  };
}

/** Programs on the host over a connection. */
export function shellOver(connection: Connection): Shell {
  const slots = gate(CHANNELS);
  return {
    closed: connection.closed,
    close: () => connection.close(),
    async exec(argv, signal) {
      const leave = await slots(signal);
      try {
        signal?.throwIfAborted();
        if (connection.closed.aborted) throw lost('the connection is closed');
        const channel = await openChannel(connection, commandLine(argv));
        void channel.end.then(leave);
        return channel;
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}

function openChannel({ client, closed }: Connection, command: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(lost('the connection broke'));
    closed.addEventListener('abort', gone, { once: true });
    client.exec(command, (error, stream) => {
      closed.removeEventListener('abort', gone);
      if (error) reject(lost(`the host opens no channel: ${error.message}`));
      // At once: the program's end may be in the same packet as its start.
      else resolve(asChannel(stream));
    });
  });
}

function asChannel(stream: ClientChannel): Channel {
  const end = new Promise<ChannelEnd>((resolve) => {
    let seen: ChannelEnd = { lost: 'the connection broke' };
    stream.on('exit', (code: number | null, signal?: string) => {
      seen = code === null ? { signal: signal ?? 'UNKNOWN' } : { code };
    });
    stream.on('close', () => resolve(seen));
  });
  const close = () => {
    stream.close();
    // Unread output would keep the channel from its end; so would a reader that broke off.
    stream.removeAllListeners('readable');
    stream.resume();
    stream.stderr.resume();
  };
  return { stdin: stream, stdout: stream, stderr: stream.stderr, end, close };
}

/** Types of known keys first, so that the host shows the one that can be compared. */
function knownFirst(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const known = HOST_KEYS.filter((one) =>
    types.includes(one.startsWith('rsa-sha2') ? 'ssh-rsa' : one),
  );
  return [...known, ...HOST_KEYS.filter((one) => !known.includes(one))];
}

function typeOf(key: Buffer): string {
  return key.toString('latin1', 4, 4 + key.readUInt32BE(0));
}

function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/u, '')}`;
}

function lost(message: string): HarnessError {
  return new HarnessError('SSH_LOST', message, {
    hint: 'Look at the host and the network to it; then assay resume.',
  });
}
