/** Every host that SSH reaches, as a fleet. */
import { HarnessError } from '../../plan/errors.ts';
import type { Fleet, Runner } from '../model.ts';
import { sessionFleet, type Target } from '../session/fleet.ts';
import { sshClient, type HostToOpen, type SshClient } from './client.ts';
import { withFabric } from './fabric.ts';
import { limitsHere, refuseBeyond, type Demand } from './limits.ts';
import type { SshOptions } from './options.ts';
import { largestGroup, relaysOf } from './relays.ts';
import type { HostRow } from './host-row.ts';
import { readHosts } from './sources.ts';

/** The runner for a checked block of the plan. */
export function sshRunner(options: SshOptions): Runner {
  return {
    async open(context, signal) {
      const listed = await readHosts([options.hosts].flat(), process.stdin);
      const rows =
        options.topology === undefined ? listed : await withFabric(listed, options.topology);
      const passphrase = readSecret(options, (name) => context.secret(name));
      if (passphrase !== undefined) context.redact(passphrase);
      const identityFiles = options['identity-file'];
      const client = await sshClient({
        config: options.config,
        timeout: options['connect-timeout'],
        handshakes: options['handshakes-at-once'],
        scratch: context.scratch,
        environment: process.env,
        ...(passphrase !== undefined && { passphrase }),
        over: {
          ...(options.user !== undefined && { user: options.user }),
          ...(options.port !== undefined && { port: options.port }),
          ...(identityFiles !== undefined && { identityFiles: [identityFiles].flat() }),
          ...(options['known-hosts'] !== undefined && { knownHosts: options['known-hosts'] }),
          ...(options['host-keys'] !== undefined && {
            acceptNew: options['host-keys'] === 'accept-new',
          }),
        },
      });
      try {
        const hosts = rows.map(hostOf);
        const relays = options.relays === undefined ? [] : relaysOf(hosts, options.relays);
        refuseBeyond(await limitsHere(), await demandOf(client, hosts, relays));
        const targets = rows.map((row, at) => target(row, client, options, relays[at]));
        return closing(await sessionFleet(context, targets, signal), client);
      } catch (error) {
        await client.close();
        throw error;
      }
    },
  };
}

function hostOf(row: HostRow): HostToOpen {
  return {
    name: row.name,
    ...(row.address !== undefined && { address: row.address }),
    ...(row.port !== undefined && { port: row.port }),
    ...(row.user !== undefined && { user: row.user }),
    ...(row.identityFile !== undefined && { identityFiles: [row.identityFile] }),
  };
}

function target(
  row: HostRow,
  client: SshClient,
  options: SshOptions,
  relay: HostToOpen | undefined,
): Target {
  const host = hostOf(row);
  const pattern = options['fabric-address'];
  const { address, hostKeyAlias, jumps } = client.settings(host);
  const onTheWay = jumps.map((jump) => jump.replace(/^.*@/u, '').replace(/:\d+$/u, ''));
  const carrier = relay === undefined ? [] : [relay.name, client.settings(relay).address];
  return {
    name: row.name,
    fabricAddress: row.fabricAddress ?? pattern?.replaceAll('{host}', row.name) ?? address,
    also: [address, ...(hostKeyAlias === undefined ? [] : [hostKeyAlias]), ...onTheWay, ...carrier],
    identity: row.serial === undefined ? [] : [{ kind: 'plan', value: row.serial }],
    domains: row.domains,
    open: (signal) => client.open(host, signal, relay),
  };
}

/** A group whose relay is lost goes directly: there is room for the largest one. */
async function demandOf(
  client: SshClient,
  hosts: readonly HostToOpen[],
  relays: readonly (HostToOpen | undefined)[],
): Promise<Demand> {
  const ways = await Promise.all(hosts.map((host) => client.way(host)));
  const direct = ways.filter((way, at) => way === 'direct' && relays[at] === undefined).length;
  const jumps = new Set(hosts.flatMap((host) => client.settings(host).jumps)).size;
  const carriers = new Set(relays.filter((relay) => relay !== undefined)).size;
  return {
    connections: direct + jumps + carriers + largestGroup(relays),
    programs: ways.filter((way) => way === 'program' || way === 'proxy').length,
  };
}

function closing(fleet: Fleet, client: SshClient): Fleet {
  return {
    ...fleet,
    async release(keep) {
      const left = await fleet.release(keep);
      await client.close();
      return left;
    },
  };
}

function readSecret(options: SshOptions, secret: (name: string) => string | undefined) {
  const name = options['passphrase-secret'];
  if (name === undefined) return undefined;
  const value = secret(name);
  if (value !== undefined) return value;
  throw new HarnessError('SSH_AUTH', `the secret "${name}" (passphrase-secret) is not set`, {
    hint: 'Give it in the environment, as the documentation of secrets says.',
  });
}
