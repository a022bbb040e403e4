/** What OpenSSH's configuration says for one host, in the terms of this runner. */
import { userInfo } from 'node:os';
import { parse } from 'ssh-config';
import { expandHome } from './config-file.ts';

/** How one host is reached. */
export interface HostSettings {
  /** As asked for. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Absolute paths, in order; as configured, else the usual ones. */
  readonly identityFiles: readonly string[];
  /** Whether the files were configured: then a missing one is worth a word. */
  readonly identitiesConfigured: boolean;
  readonly identitiesOnly: boolean;
  /** Path, "none", or undefined: SSH_AUTH_SOCK. */
  readonly identityAgent?: string;
  /** Name under which its key is known, in place of the address. */
  readonly hostKeyAlias?: string;
  /** [user@]host[:port], nearest to us first. */
  readonly jumps: readonly string[];
  readonly proxyCommand?: string;
  readonly certificateFiles: readonly string[];
  readonly acceptNew: boolean;
  readonly knownHosts: readonly string[];
}

/** What the plan or the host's row says over the configuration. */
export interface Overrides {
  readonly address?: string;
  readonly port?: number;
  readonly user?: string;
  readonly identityFiles?: readonly string[];
  readonly knownHosts?: string;
  readonly acceptNew?: boolean;
}

const USUAL_KEYS = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa'];
const USUAL_KNOWN = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
const GLOBAL_KNOWN = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

type Computed = Readonly<Record<string, string | string[]>>;

/** Gives the settings of hosts; the configuration is parsed once. */
export function settingsFrom(configText: string): (name: string, over: Overrides) => HostSettings {
  const config = parse(configText);
  // A fleet's hosts are many and its sections few: without any, there is nothing to compute.
  const empty = !/^[ \t]*[A-Za-z]/mu.test(configText);
  const me = userInfo().username;
  return (name, over) => {
    const said: Computed = empty
      ? {}
      : config.compute(
          { Host: name, ...(over.user !== undefined && { User: over.user }) },
          {
            ignoreCase: true,
          },
        );
    const one = (key: string) => {
      const value = said[key.toLowerCase()];
      return Array.isArray(value) ? value[0] : value;
    };
    const many = (key: string) => [said[key.toLowerCase()] ?? []].flat();
    const port = over.port ?? Number(one('Port') ?? 22);
    const user = over.user ?? one('User') ?? me;
    const address = over.address ?? token(one('HostName') ?? name, { h: name, '%': '%' });
    const path = (text: string) =>
      expandHome(
        token(text, {
          h: address,
          n: name,
          p: String(port),
          r: user,
          u: me,
          d: expandHome('~'),
          '%': '%',
        }),
      );
    const files = over.identityFiles ?? many('IdentityFile');
    const alias = one('HostKeyAlias');
    const agent = one('IdentityAgent');
    const known =
      over.knownHosts === undefined
        ? many('UserKnownHostsFile').flatMap((text) => text.split(/\s+/u))
        : [over.knownHosts];
    const proxy = one('ProxyCommand');
    const strict = one('StrictHostKeyChecking')?.toLowerCase();
    return {
      name,
      address,
      port,
      user,
      identityFiles: (files.length > 0 ? files : USUAL_KEYS).map(path),
      identitiesConfigured: files.length > 0,
      identitiesOnly: one('IdentitiesOnly')?.toLowerCase() === 'yes',
      jumps: jumpsOf(one('ProxyJump')),
      certificateFiles: many('CertificateFile').map(path),
      // "no" and "off" would take a changed key; nothing here does.
      acceptNew: over.acceptNew ?? ['accept-new', 'no', 'off'].includes(strict ?? ''),
      knownHosts: [
        ...(known.length > 0 ? known : USUAL_KNOWN),
        ...(over.knownHosts === undefined ? GLOBAL_KNOWN : []),
      ].map(path),
      ...(alias !== undefined && { hostKeyAlias: alias }),
      ...(agent !== undefined && { identityAgent: path(agent) }),
      ...(proxy !== undefined &&
        proxy.toLowerCase() !== 'none' && {
          proxyCommand: token(proxy, { h: address, n: name, p: String(port), r: user, '%': '%' }),
        }),
    };
  };
}

function jumpsOf(text: string | undefined): readonly string[] {
  return text === undefined || text.toLowerCase() === 'none'
    ? []
    : text.split(',').map((one) => one.trim());
}

function token(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/%(.)/gu, (whole, key: string) => values[key] ?? whole);
}
