/** Keys that we may show: files, opened once each, and the agent's. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import ssh2, { type BaseAgent, type ParsedKey } from 'ssh2';
import { systemCode } from '../../plan/errors.ts';
import type { HostSettings } from './settings.ts';

/** One thing to try, in ssh2's words. */
type Attempt =
  | { readonly type: 'publickey'; readonly username: string; readonly key: ParsedKey }
  | { readonly type: 'agent'; readonly username: string; readonly agent: BaseAgent };

/** What can be tried on a host, and what could not even be tried. */
export interface Attempts {
  readonly attempts: readonly Attempt[];
  /** Why a key was left out: "~/.ssh/id is encrypted". */
  readonly left: readonly string[];
  /** Whether a certificate lies beside a key: ssh2 can't show it. */
  readonly certificate: boolean;
}

type Opened =
  | { readonly key: ParsedKey }
  | { readonly left: string; readonly publicKey?: Buffer; readonly absent?: boolean };

/** Gives the attempts of a host; every file is read and opened once a run. */
export function identities(
  passphrase: string | undefined,
  environment: NodeJS.ProcessEnv,
): (settings: HostSettings) => Promise<Attempts> {
  const files = new Map<string, Promise<Opened>>();
  const agents = new Map<string, Promise<Agent | undefined>>();
  const openFile = (path: string) => once(files, path, () => openKey(path, passphrase));
  const openAgent = (path: string) => once(agents, path, () => readAgent(path));

  return async (settings) => {
    const { user: username } = settings;
    const opened = await Promise.all(settings.identityFiles.map(openFile));
    const socket = settings.identityAgent ?? environment['SSH_AUTH_SOCK'];
    const agent =
      socket === undefined || socket === '' || socket === 'none'
        ? undefined
        : await openAgent(socket);
    const wanted = opened.flatMap((one) => {
      if ('key' in one) return [one.key.getPublicSSH()];
      return one.publicKey === undefined ? [] : [one.publicKey];
    });
    const attempts: Attempt[] = [];
    if (agent !== undefined) {
      const keys = agent.keys.filter(
        ({ blob }) => !settings.identitiesOnly || wanted.some((one) => one.equals(blob)),
      );
      if (keys.length > 0) {
        attempts.push({ type: 'agent', username, agent: agent.showing(keys) });
      }
    }
    const held = (blob: Buffer) =>
      agent?.keys.some((one) => one.blob.equals(blob)) === true && attempts.length > 0;
    const left: string[] = [];
    for (const one of opened) {
      if ('key' in one) {
        if (!held(one.key.getPublicSSH())) {
          attempts.push({ type: 'publickey', username, key: one.key });
        }
      } else if (!(one.publicKey !== undefined && held(one.publicKey))) {
        if (one.absent !== true || settings.identitiesConfigured) left.push(one.left);
      }
    }
    const certificate =
      settings.certificateFiles.length > 0 ||
      settings.identityFiles.some((path) => beside(path, '-cert.pub'));
    return { attempts, left, certificate };
  };
}

const certificates = new Map<string, boolean>();

function beside(path: string, suffix: string): boolean {
  const there = certificates.get(path) ?? existsSync(path + suffix);
  certificates.set(path, there);
  return there;
}

async function openKey(path: string, passphrase: string | undefined): Promise<Opened> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return { left: `${path}: ${code}`, absent: code === 'ENOENT' };
  }
  const parsed = ssh2.utils.parseKey(bytes, passphrase);
  const key = Array.isArray(parsed) ? (parsed as ParsedKey[])[0] : parsed;
  if (key !== undefined && !(key instanceof Error)) {
    return key.isPrivateKey() ? { key } : { left: `${path} is not a private key` };
  }
  const problem = key?.message ?? 'not a key';
  const encrypted = /encrypted|passphrase|bad decrypt|integrity/iu.test(problem);
  const publicKey = await readPublic(`${path}.pub`);
  const why = encrypted
    ? passphrase === undefined
      ? 'is encrypted: name its passphrase with passphrase-secret, or load it into the agent'
      : 'is encrypted, and the passphrase does not open it'
    : `is not a usable key (${problem})`;
  return { left: `${path} ${why}`, ...(publicKey !== undefined && { publicKey }) };
}

async function readPublic(path: string): Promise<Buffer | undefined> {
  try {
    const [, text] = (await readFile(path, 'utf8')).split(' ');
    return text === undefined ? undefined : Buffer.from(text, 'base64');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

interface AgentKey {
  readonly blob: Buffer;
  readonly key: ParsedKey;
}
interface Agent {
  readonly keys: readonly AgentKey[];
  /** The same agent with only these keys. */
  showing(keys: readonly AgentKey[]): BaseAgent;
}

/** An agent that does not answer is no agent. */
async function readAgent(path: string): Promise<Agent | undefined> {
  const agent = ssh2.createAgent(path);
  const keys = await new Promise<readonly ParsedKey[]>((resolve) => {
    agent.getIdentities((error, found) => {
      resolve(error || found === undefined ? [] : (found as ParsedKey[]));
    });
  });
  if (keys.length === 0) return undefined;
  const all = keys.map((key) => ({ key, blob: key.getPublicSSH() }));
  return {
    keys: all,
    showing: (some) => {
      const shown = Object.create(agent) as BaseAgent;
      shown.getIdentities = (done) =>
        done(
          undefined,
          some.map((one) => one.key),
        );
      return shown;
    },
  };
}

function once<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const there = map.get(key) ?? make();
  map.set(key, there);
  return there;
}
