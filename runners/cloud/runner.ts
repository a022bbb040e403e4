/** The runner of a cloud, from what the provider's folder gives: attach or provision, hand over, give back. */
import { userInfo } from 'node:os';
import { HarnessError } from '../../plan/errors.ts';
import { stream } from '../../plan/random.ts';
import type { Fault, FaultReport, Fleet, FleetEvent, Runner, RunContext } from '../model.ts';
import { systemClock, type Clock } from './clock.ts';
import { erase } from './erase.ts';
import { merged } from './events.ts';
import { Intents } from './intents.ts';
import { MetadataServices, type Metadata } from './metadata.ts';
import type { Machine, Provisioner } from './model.ts';
import type { CloudOptions } from './options.ts';
import type { Ownership } from './ownership.ts';
import { reasonOf } from './problem.ts';
import { provision, type Slot } from './provision.ts';
import { reachMachines } from './reach.ts';
import { forgetRunKey, runKey } from './run-key.ts';
import { sweep } from './sweep.ts';

/** What a provider's clients are made with. */
export interface Surroundings {
  readonly clock: Clock;
  /** Uniform in [0, 1), seeded: jitter. */
  readonly random: () => number;
  /** The plan says that something stands in for the provider. */
  readonly standIn: boolean;
  /** Hides a value wherever it may be printed. */
  redact(value: string): void;
}

/** Something the provider announces about machines while they run. */
export type Notice = Omit<FleetEvent, 'at' | 'nodes'> & { readonly machines: readonly string[] };

/** What a provider's folder gives. */
export interface Cloud {
  /** Deletes and, where the plan provisions, launches. */
  readonly provisioner: Provisioner;
  /** Machines that are there, in a stable order; those named and not there with their reason. */
  attach(signal: AbortSignal): Promise<readonly Slot[]>;
  /** Public host keys that the provider vouches for; empty: none (yet). */
  hostKeys?(machine: Machine, signal: AbortSignal): Promise<readonly string[]>;
  /** When the capacity of these machines ends by itself. */
  ends?(machines: readonly Machine[], signal: AbortSignal): Promise<Date | undefined>;
  /** Machines that must not be measured now, with the reason: a maintenance window that has begun. */
  unfit?(machines: readonly Machine[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** Spot, maintenance, host events; polled by the provider at its own pace until the signal. */
  notices?(machines: readonly Machine[], signal: AbortSignal): AsyncIterable<Notice>;
  /** The same, as machines are told it inside; absent: they aren't. */
  readonly metadata?: Metadata;
  reportFaults?(
    faults: readonly Fault[],
    send: boolean,
    signal: AbortSignal,
  ): Promise<readonly FaultReport[]>;
}

/** The plan's side. */
export interface CloudPlan {
  /** Registry id of the runner: stands in messages, intents and tokens. */
  readonly provider: string;
  readonly options: CloudOptions;
  /** Machines to make; absent: the plan attaches. */
  readonly nodes?: number;
  readonly keyType: 'ed25519' | 'rsa';
  /** The account that the creating call makes on the machines; absent: the image's own. */
  readonly account?: string;
}

/**
 * @param connect makes the provider's clients; called once an operation, nothing is loaded before
 */
export function cloudRunner(
  plan: CloudPlan,
  connect: (surroundings: Surroundings) => Promise<Cloud>,
  clock: Clock = systemClock,
): Runner {
  const apart = async (standIn: boolean) =>
    connect({ clock, random: Math.random, standIn, redact: () => undefined });
  return {
    async open(context, signal) {
      const cloud = await connect({
        clock,
        random: stream(context.seed, 'cloud', context.run),
        standIn: context.fleet.standIn === true,
        redact: (value) => context.redact(value),
      });
      return plan.nodes === undefined
        ? attached(plan, cloud, context, clock, signal)
        : provisioned({ ...plan, nodes: plan.nodes }, cloud, context, clock, signal);
    },
    async sweep(request, signal) {
      const { provisioner } = await apart(request.standIn);
      return sweep(provisioner, request, plan.options['release-time'], clock, signal);
    },
    async reportFaults(faults, send, standIn, signal) {
      const cloud = await apart(standIn);
      if (cloud.reportFaults !== undefined) return cloud.reportFaults(faults, send, signal);
      return faults.map(({ node }) => ({
        node,
        operation: 'none',
        request: {},
        problem: `${plan.provider} has no call for it; open a case`,
      }));
    },
  };
}

/** Machines that were there before us and stay after us. */
async function attached(
  plan: CloudPlan,
  cloud: Cloud,
  context: RunContext,
  clock: Clock,
  signal: AbortSignal,
): Promise<Fleet> {
  const { options, provider } = plan;
  const slots = await fit(cloud, await cloud.attach(signal), signal);
  if (slots.length === 0) {
    throw new HarnessError('PROVIDER_GONE', `${provider}: no machine fits fleet.attach`, {
      hint: 'Check the ids, tags and regions in the plan.',
    });
  }
  const identityFile = options['identity-file'];
  const inside = insideOf(plan, cloud, context, clock);
  const reaching = {
    ...hostKeysOf(cloud),
    ...(inside !== undefined && { inside }),
    options,
    clock,
    booting: 0,
    ...(identityFile !== undefined && { identityFile }),
  };
  const fleet = await reachMachines(context, slots, reaching, signal);
  return { ...fleet, ...(await attributes(plan, cloud, slots, fleet, inside, signal)) };
}

async function provisioned(
  plan: CloudPlan & { readonly nodes: number },
  cloud: Cloud,
  context: RunContext,
  clock: Clock,
  signal: AbortSignal,
): Promise<Fleet> {
  const { provider, keyType, nodes, account } = plan;
  // What stands in for a provider makes no accounts: its machines know this user's.
  const made = context.fleet.standIn === true ? undefined : account;
  const user = plan.options.user ?? made;
  const options = { ...plan.options, ...(user !== undefined && { user }) };
  const { provisioner } = cloud;
  const intents = new Intents(context, provider);
  const owner = options.owner ?? ownerName();
  const marks = await intents.marks(context.run, owner, context.expires);
  const key = await runKey(context.run, keyType, process.env);
  const order = {
    marks,
    publicKey: key.publicKey,
    count: nodes,
    minimum: context.fleet.minimum ?? nodes,
    bootTime: options['boot-time'],
    releaseTime: options['release-time'],
    clock,
  };
  const known = intents.slots();
  let slots: readonly Slot[];
  try {
    slots =
      known === undefined
        ? await provision(provisioner, order, intents, signal)
        : await takenUp(provisioner, context.run, known, signal);
  } catch (error) {
    // There is nothing (any more) that the run's key opens.
    const gone = reasonOf(error) === 'gone' && known !== undefined;
    if (gone || !intents.begun()) await forgetRunKey(context.run, process.env);
    throw error;
  }
  const give = (keep: ReadonlySet<string>) =>
    giveBack(provisioner, marks, keep, intents, options['release-time'], clock);
  try {
    const booting = options['boot-time'];
    const inside = insideOf(plan, cloud, context, clock);
    const reaching = {
      ...hostKeysOf(cloud),
      ...(inside !== undefined && { inside }),
      options,
      clock,
      booting,
      identityFile: key.file,
    };
    slots = await fit(cloud, slots, signal);
    const fleet = await reachMachines(context, slots, reaching, signal);
    const born = slots.flatMap((one) => ('machine' in one ? [one.machine.since ?? Infinity] : []));
    const first = Math.min(...born);
    let giving: Promise<readonly { id: string; reason: string }[]> | undefined;
    return {
      ...fleet,
      ...(await attributes(plan, cloud, slots, fleet, inside, signal)),
      ...(Number.isFinite(first) && { heldBefore: Math.max(0, clock.now() - first) / 1000 }),
      release(keep) {
        giving ??= (async () => {
          await fleet.release(keep);
          return give(machinesOf(fleet, keep));
        })();
        return giving;
      },
    };
  } catch (error) {
    const left = await give(new Set());
    if (left.length === 0) throw error;
    throw new HarnessError(
      'PROVIDER_RELEASE_FAILED',
      `not given back: ${left.map(({ id, reason }) => `${id}: ${reason}`).join('; ')}`,
      { hint: 'They cost money: assay sweep PLAN --yes.', cause: error },
    );
  }
}

/** What must not be measured now is missing, with the reason; it is given back as the others are. */
async function fit(
  cloud: Cloud,
  slots: readonly Slot[],
  signal: AbortSignal,
): Promise<readonly Slot[]> {
  const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
  const unfit = await cloud.unfit?.(machines, signal);
  if (unfit === undefined || unfit.size === 0) return slots;
  return slots.map((slot) => {
    const why = 'machine' in slot ? unfit.get(slot.machine.id) : undefined;
    if (why === undefined || !('machine' in slot)) return slot;
    const reason = `in its maintenance window: ${why}`;
    return { slot: slot.machine.id, code: 'PROVIDER_CONFLICT', reason };
  });
}

/** Machines of an earlier process of the run, node for node; another machine never takes a node's place. */
async function takenUp(
  provisioner: Provisioner,
  run: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly Slot[]> {
  const machines = await provisioner.machines(run, signal);
  const running = machines.filter(({ life }) => life === 'running' || life === 'starting');
  const placed = (await provisioner.placed?.(running, signal)) ?? running;
  const byId = new Map(placed.map((machine) => [machine.id, machine]));
  const slots = ids.map((id, at): Slot => {
    const machine = byId.get(id);
    if (machine !== undefined) return { machine };
    const slot = id === '' ? `slot ${at + 1}` : id;
    const reason = id === '' ? 'it never came' : `${id} was given back or ended meanwhile`;
    return { slot, code: 'PROVIDER_GONE', reason };
  });
  if (byId.size > 0) return slots;
  throw new HarnessError('PROVIDER_GONE', `none of the ${ids.length} machines of ${run} is left`, {
    hint: 'What was measured is kept (assay judge RUN); other machines need a run of their own.',
  });
}

async function giveBack(
  provisioner: Provisioner,
  marks: Ownership,
  keep: ReadonlySet<string>,
  intents: Intents,
  limit: number,
  clock: Clock,
): Promise<readonly { id: string; reason: string }[]> {
  const signal = new AbortController().signal;
  const { run } = marks;
  const { order, provider: where } = provisioner;
  const running = (intents.slots() ?? []).filter((id) => id !== '' && !keep.has(id));
  const kind = order[0] ?? 'machine';
  const known = running.map((id) => ({ id, kind, where, marks, state: 'running' }));
  const how = { clock, signal, limit, keep, known };
  const { left, blind } = await erase(provisioner, { runs: [run] }, how);
  if (left.length === 0 && blind.length === 0) {
    await intents.add({ act: 'released' });
    // What was kept as evidence can still be opened with it.
    if (keep.size === 0) await forgetRunKey(run, process.env);
  }
  return [
    ...left.map(({ resource, reason }) => ({ id: resource.id, reason })),
    ...blind.map(({ where, reason }) => ({ id: where, reason: `could not look there: ${reason}` })),
  ];
}

/** The capacity's own end, and the provider's notices among the fleet's events. */
async function attributes(
  { options }: CloudPlan,
  cloud: Cloud,
  slots: readonly Slot[],
  fleet: Fleet,
  inside: MetadataServices | undefined,
  signal: AbortSignal,
): Promise<Pick<Fleet, 'events' | 'until'>> {
  const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
  const ends = [
    options.ends === undefined ? undefined : new Date(options.ends),
    await cloud.ends?.(machines, signal),
  ].filter((one) => one !== undefined);
  const nodeOf = new Map(fleet.nodes.map((node) => [machineOf(node), node.id]));
  return {
    ...(ends.length > 0 && { until: new Date(Math.min(...ends.map((one) => one.getTime()))) }),
    events: (stop) => {
      const outside = cloud.notices?.(machines, stop);
      const notices = [
        ...(outside === undefined ? [] : [outside]),
        ...(inside?.notices(stop) ?? []),
      ];
      return notices.length === 0 ? fleet.events(stop) : merged(fleet, notices, nodeOf, stop);
    },
  };
}

/** The machines' own metadata; what stands in for the provider answers for theirs. */
function insideOf(
  { options }: CloudPlan,
  { metadata }: Cloud,
  context: RunContext,
  clock: Clock,
): MetadataServices | undefined {
  if (metadata === undefined) return undefined;
  const standIn = context.fleet.standIn === true ? options.endpoint : undefined;
  return new MetadataServices(metadata, clock, standIn);
}

function hostKeysOf(cloud: Cloud) {
  if (cloud.hostKeys === undefined) return {};
  return {
    hostKeys: async (machine: Machine, signal: AbortSignal) =>
      (await cloud.hostKeys?.(machine, signal)) ?? [],
  };
}

function machinesOf(fleet: Fleet, nodes: readonly string[]): ReadonlySet<string> {
  return new Set(fleet.nodes.filter(({ id }) => nodes.includes(id)).map(machineOf));
}

function machineOf(node: Fleet['nodes'][number]): string {
  return node.identity.find(({ kind }) => kind === 'provider-id')?.value ?? '';
}

function ownerName(): string {
  const name = userInfo().username.toLowerCase();
  return name.replaceAll(/[^a-z0-9._@-]/gu, '-').slice(0, 63);
}
