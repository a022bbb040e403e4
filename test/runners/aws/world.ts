/** EC2's stand-in in this process, and a runner in front of it: minutes of waiting pass in a moment. */
import type { World } from '../../../fixtures/clouds/model.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import type { Clock } from '../../../runners/cloud/clock.ts';
import { systemClock } from '../../../runners/cloud/clock.ts';
import { connectEc2 } from '../../../runners/aws/client.ts';
import { ec2Provisioner } from '../../../runners/aws/provision.ts';
import { HarnessError } from '../../../plan/errors.ts';
import { erase, type Erased } from '../../../runners/cloud/erase.ts';
import { Intents } from '../../../runners/cloud/intents.ts';
import { provision, type Slot } from '../../../runners/cloud/provision.ts';
import { awsOptions } from '../../../runners/aws/options.ts';
import type { RunContext } from '../../../runners/model.ts';
import { testContext } from '../context.ts';

/** A clock on which waiting is `factor` times shorter than it says. */
export function quickClock(factor: number): Clock {
  const start = Date.now();
  // Milliseconds would be too coarse: they become whole seconds.
  const began = performance.now();
  return {
    now: () => start + (performance.now() - began) * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}

/** How much faster than the world the runner's clock goes. */
export const FACTOR = 200;

/** The stand-in without machines that can be reached: the control plane alone. */
export function controlPlane(changes: Partial<World> = {}): Promise<Serving> {
  return serve('aws', { boot: 'none', ...changes });
}

/** Block of a plan; `provision` is merged. */
export function block(
  endpoint: string,
  provision: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
) {
  return awsOptions.parse({
    endpoint,
    config: 'none',
    'boot-time': '60 s',
    'release-time': '120 s',
    'host-key-wait': '1 s',
    'connect-timeout': '1 s',
    provision: {
      nodes: 8,
      type: 'c5.large',
      image: 'ami-0123456789abcdef0',
      'security-groups': ['sg-0123456789abcdef0'],
      places: [{ region: 'us-east-1', subnet: 'subnet-0123456789abcdef0' }],
      ...provision,
    },
    ...more,
  });
}

/** The control plane's two halves as the runner composes them. */
export async function connected(options: ReturnType<typeof block>, factor = FACTOR) {
  const clock = quickClock(factor);
  const ec2 = await connectEc2({
    clock,
    random: Math.random,
    standIn: true,
    redact: () => undefined,
    endpoint: options.endpoint ?? '',
  });
  const { provision, address } = options;
  if (provision === undefined) throw new Error('the plan attaches');
  const { context, records } = journalled();
  const provisioner = ec2Provisioner(ec2, { provision, address });
  return { clock, ec2, provisioner, context, records, intents: new Intents(context, 'aws') };
}

type Plane = Awaited<ReturnType<typeof connected>>;

/** Provisions as the runner does; an expected failure is data. */
export async function provisioned(
  { provisioner, intents, clock, context }: Plane,
  count: number,
  minimum: number,
): Promise<{ readonly slots?: readonly Slot[]; readonly outcome?: HarnessError }> {
  const marks = await intents.marks(context.run, 'tester', context.expires);
  const order = {
    marks,
    publicKey: 'ssh-ed25519 AAAA',
    count,
    minimum,
    bootTime: 60,
    releaseTime: 120,
    clock,
  };
  try {
    const { signal } = new AbortController();
    return { slots: await provision(provisioner, order, intents, signal) };
  } catch (error) {
    if (error instanceof HarnessError) return { outcome: error };
    throw error;
  }
}

/** Gives back as the runner does. */
export function givenBack({ provisioner, clock, context }: Plane): Promise<Erased> {
  const { signal } = new AbortController();
  return erase(provisioner, { runs: [context.run] }, { clock, signal, limit: 120 });
}

/** A context whose intents are kept, as the journal keeps them. */
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

/** Machines of ours that the stand-in still holds. */
export function ours(standIn: Serving) {
  return standIn.held().filter((one) => !one.neighbour);
}
