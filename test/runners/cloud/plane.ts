/** A provider's control plane in this process, without machines: provisioning and giving back as the runner does. */
import type { Trouble, World } from '../../../fixtures/clouds/model.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import { HarnessError } from '../../../plan/errors.ts';
import { systemClock, type Clock } from '../../../runners/cloud/clock.ts';
import { erase, type Erased } from '../../../runners/cloud/erase.ts';
import { Intents } from '../../../runners/cloud/intents.ts';
import type { Provisioner } from '../../../runners/cloud/model.ts';
import { provision, type Slot } from '../../../runners/cloud/provision.ts';
import type { RunContext, Runner } from '../../../runners/model.ts';
import { testContext } from '../context.ts';

/** How much faster than the world a runner's clock goes. */
export const FACTOR = 200;

/** Seconds for giving back, on the runner's clock: enough for a machine that is busy with other tests. */
const RELEASE = 600;

/** A clock on which waiting is `factor` times shorter than it says. */
export function quickClock(factor = FACTOR): Clock {
  const start = Date.now();
  // Milliseconds would be too coarse: they become whole seconds.
  const began = performance.now();
  return {
    now: () => start + (performance.now() - began) * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}

/** A key that providers' checks take. */
export const PUBLIC_KEY = `ssh-ed25519 ${'A'.repeat(68)} assay-test`;

/** Keys of a plan: short times, on the runner's own clock. */
export const TIMES = {
  'boot-time': '60 s',
  'release-time': '120 s',
  'host-key-wait': '1 s',
  'connect-timeout': '1 s',
};

/** What a provider's tests are run with. */
export interface Subject {
  readonly provider: string;
  /** Its provisioner over a stand-in; `places`: how many. */
  connect(url: string, clock: Clock, nodes: number, places: number): Promise<Provisioner>;
  /** The runner whole, for sweeps and interrupts. */
  runner(url: string, clock: Clock): Runner;
  /** Its names of the creating call and of the list of machines. */
  readonly launch: string;
  readonly list: string;
  /** How much faster than the world its clock goes: signing whole requests takes its time; absent: FACTOR. */
  readonly factor?: number;
  /** Creating calls for eight machines; absent: one. */
  readonly launches?: number;
}

/** A run whose intents are kept, as the journal keeps them. */
export function journalled(more: Partial<RunContext> = {}) {
  const records: Readonly<Record<string, unknown>>[] = [];
  const context = testContext({
    fleet: { lease: 5, grace: 60, standIn: true },
    intent: async (record) =>
      void records.push(JSON.parse(JSON.stringify(record)) as typeof record),
    pending: () => records,
    ...more,
  });
  return { context, records };
}

/** One run against a control plane. */
export interface Plane {
  readonly provisioner: Provisioner;
  readonly context: RunContext;
  readonly intents: Intents;
  readonly clock: Clock;
}

/** Provisions as the runner does; an expected failure is data. */
export async function provisioned(
  { provisioner, intents, clock, context }: Plane,
  count: number,
  minimum: number,
  signal = new AbortController().signal,
): Promise<{ readonly slots?: readonly Slot[]; readonly error?: HarnessError }> {
  const marks = await intents.marks(context.run, 'tester', context.expires);
  const order = {
    marks,
    publicKey: PUBLIC_KEY,
    count,
    minimum,
    bootTime: 60,
    releaseTime: 120,
    clock,
  };
  try {
    return { slots: await provision(provisioner, order, intents, signal) };
  } catch (error) {
    if (error instanceof HarnessError) return { error };
    throw error;
  }
}

/** Gives back as the runner does. */
export function givenBack(
  { provisioner, clock, context }: Plane,
  keep: ReadonlySet<string> = new Set(),
  limit = RELEASE,
): Promise<Erased> {
  const { signal } = new AbortController();
  return erase(provisioner, { runs: [context.run] }, { clock, signal, limit, keep });
}

/** A plane over a stand-in. */
export async function planeOf(
  subject: Subject,
  standIn: Pick<Serving, 'url'>,
  nodes: number,
  places = 1,
  factor = subject.factor ?? FACTOR,
): Promise<Plane> {
  const clock = quickClock(factor);
  const { context } = journalled();
  const provisioner = await subject.connect(standIn.url, clock, nodes, places);
  return { provisioner, context, clock, intents: new Intents(context, subject.provider) };
}

/** What came of one try. */
export interface Attempted {
  readonly slots?: readonly Slot[];
  readonly error?: HarnessError;
  readonly erased: Erased | undefined;
  readonly left: readonly { readonly id: string; readonly kind: string }[];
  readonly neighbours: number;
  readonly calls: ReadonlyMap<string, number>;
  readonly plane: Plane;
}

/** Provisions and gives back, and looks what the stand-in holds afterwards. */
export async function attempt(
  subject: Subject,
  world: Partial<World>,
  troubles: readonly Trouble[],
  options: {
    readonly nodes?: number;
    readonly minimum?: number;
    readonly places?: number;
    /** Seconds for giving back. */
    readonly release?: number;
  } = {},
): Promise<Attempted> {
  const { nodes = 8, minimum = nodes, places = 1, release = RELEASE } = options;
  const standIn = await serve(subject.provider, { boot: 'none', ...world });
  try {
    const plane = await planeOf(subject, standIn, nodes, places);
    standIn.script(...troubles);
    const came = await provisioned(plane, nodes, minimum);
    const erased =
      came.slots === undefined ? undefined : await givenBack(plane, new Set(), release);
    return {
      ...came,
      erased,
      left: ours(standIn),
      neighbours: standIn.held().filter((one) => one.neighbour).length,
      calls: standIn.calls,
      plane,
    };
  } finally {
    await standIn.close();
  }
}

/** What is ours of all that a stand-in holds. */
export function ours(standIn: Serving) {
  return standIn.held().filter((one) => !one.neighbour);
}
