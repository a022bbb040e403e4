/** From a provider's machines to a fleet over SSH. */
import { HarnessError } from '../../plan/errors.ts';
import type { Fleet, RunContext } from '../model.ts';
import { sessionFleet, type Target } from '../session/fleet.ts';
import type { Shell } from '../session/shell.ts';
import { sshClient, type SshClient } from '../ssh/client.ts';
import type { Clock } from './clock.ts';
import { ownKnownHosts } from './host-keys.ts';
import type { MetadataServices } from './metadata.ts';
import type { Machine } from './model.ts';
import type { CloudOptions } from './options.ts';
import type { Slot } from './provision.ts';

/** How the machines are reached. */
export interface Reaching {
  readonly options: CloudOptions;
  readonly clock: Clock;
  /** The run's own key; absent: the configured ones. */
  readonly identityFile?: string;
  /** Seconds from now in which a machine may still be booting. */
  readonly booting: number;
  /** Keys that the provider vouches for; empty: none (yet). */
  readonly hostKeys?: (machine: Machine, signal: AbortSignal) => Promise<readonly string[]>;
  /** What machines are told inside; absent: nothing. */
  readonly inside?: MetadataServices;
}

const FIRST_TRY = 500;
const LONGEST_PAUSE = 10_000;

/**
 * Opens every machine; a slot without one is missing with its reason.
 *
 * @throws {HarnessError} FLEET_UNREACHABLE when none could be opened
 */
export async function reachMachines(
  context: RunContext,
  slots: readonly Slot[],
  reaching: Reaching,
  signal: AbortSignal,
): Promise<Fleet> {
  const { options } = reaching;
  const client = await sshClient({
    config: options.config,
    timeout: options['connect-timeout'],
    handshakes: options['handshakes-at-once'],
    scratch: context.scratch,
    environment: process.env,
    over: {
      ...(options.user !== undefined && { user: options.user }),
      ...(options.port !== undefined && { port: options.port }),
      ...(reaching.identityFile !== undefined && { identityFiles: [reaching.identityFile] }),
    },
  });
  try {
    const targets = slots.map((slot) =>
      'machine' in slot ? target(slot.machine, client, context, reaching) : absent(slot),
    );
    const fleet = await sessionFleet(context, targets, signal);
    return {
      ...fleet,
      async release(keep) {
        const left = await fleet.release(keep);
        await client.close();
        return left;
      },
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

function absent({ slot, code, reason }: Exclude<Slot, { machine: Machine }>): Target {
  return {
    name: slot,
    fabricAddress: '',
    identity: [],
    domains: [],
    open: () =>
      Promise.reject(new HarnessError(code as HarnessError['code'], reason, { hint: '' })),
  };
}

function target(
  machine: Machine,
  client: SshClient,
  context: RunContext,
  reaching: Reaching,
): Target {
  const { id, name = id, address, domains } = machine;
  let known: { readonly file: string; readonly vouched: boolean } | undefined;
  const open = async (signal: AbortSignal): Promise<Shell> => {
    if (address === undefined) throw unreachable(`${id} has no address of the kind asked for`);
    const host = { name: id, address };
    const way = reaching.options['host-keys'];
    if (way === 'known') return client.open(host, signal);
    known ??= await learn(machine, address, client, context, reaching, signal);
    return client.open({ ...host, knownHosts: known.file, acceptNew: !known.vouched }, signal);
  };
  const end = reaching.clock.now() + reaching.booting * 1000;
  return {
    name,
    fabricAddress: machine.fabricAddress ?? address ?? '',
    identity: [{ kind: 'provider-id', value: id }],
    domains,
    async open(signal) {
      const shell = await whileBooting(() => open(signal), end, reaching.clock, signal);
      reaching.inside?.opened(machine, shell);
      return shell;
    },
    found: async ({ supervisor }, signal) => reaching.inside?.found(id, supervisor, signal),
    facts: () => ({
      ...machine.facts,
      'ssh.host-key':
        known === undefined ? 'known' : known.vouched ? 'from the provider' : 'accepted unseen',
    }),
  };
}

/** The provider's word for the keys, waited for; without it the first key shown is taken. */
async function learn(
  machine: Machine,
  address: string,
  client: SshClient,
  context: RunContext,
  reaching: Reaching,
  signal: AbortSignal,
): Promise<{ readonly file: string; readonly vouched: boolean }> {
  const { options } = reaching;
  const { port } = client.settings({ name: machine.id, address });
  const keys = options['host-keys'] === 'provider' ? await vouched(machine, reaching, signal) : [];
  const file = await ownKnownHosts(context.scratch, machine.id, address, port, keys);
  return { file, vouched: keys.length > 0 };
}

/** What the provider says of a machine's keys; a machine that boots has none yet. */
async function vouched(
  machine: Machine,
  { clock, options, hostKeys }: Reaching,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (hostKeys === undefined) return [];
  const end = clock.now() + options['host-key-wait'] * 1000;
  for (let wait = FIRST_TRY; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
    const keys = await hostKeys(machine, signal);
    if (keys.length > 0 || clock.now() + wait > end) return keys;
    await clock.sleep(wait, signal);
  }
}

/** A machine that boots answers late, and takes keys later still. */
async function whileBooting(
  open: () => Promise<Shell>,
  end: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Shell> {
  for (let wait = FIRST_TRY; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
    try {
      return await open();
    } catch (error) {
      const passing =
        error instanceof HarnessError && ['SSH_UNREACHABLE', 'SSH_AUTH'].includes(error.code);
      if (!passing || clock.now() + wait > end) throw error;
      await clock.sleep(wait, signal);
    }
  }
}

function unreachable(message: string): HarnessError {
  return new HarnessError('SSH_UNREACHABLE', message, {
    hint: 'Set fleet.address to the kind of address that this machine can reach.',
  });
}
