/** EC2 over the vendor's SDK: loaded when first used, one attempt a call, paced by the published limits. */
import { setMaxListeners } from 'node:events';
import type * as Sdk from '@aws-sdk/client-ec2';
import type { Clock } from '../cloud/clock.ts';
import { optionalPackage } from '../cloud/optional-package.ts';
import { buckets, type Limit } from '../cloud/pace.ts';
import { reasonOf } from '../cloud/problem.ts';
import { retried, type Patience } from '../cloud/retry.ts';
import { classified } from './errors.ts';

/** Calls that we make: input and output as the SDK has them. */
export interface Calls {
  DescribeInstances: [Sdk.DescribeInstancesRequest, Sdk.DescribeInstancesResult];
  DescribeInstanceStatus: [Sdk.DescribeInstanceStatusRequest, Sdk.DescribeInstanceStatusResult];
  DescribeInstanceTopology: [
    Sdk.DescribeInstanceTopologyRequest,
    Sdk.DescribeInstanceTopologyResult,
  ];
  DescribeCapacityReservations: [
    Sdk.DescribeCapacityReservationsRequest,
    Sdk.DescribeCapacityReservationsResult,
  ];
  DescribeCapacityBlocks: [Sdk.DescribeCapacityBlocksRequest, Sdk.DescribeCapacityBlocksResult];
  DescribeNetworkInterfaces: [
    Sdk.DescribeNetworkInterfacesRequest,
    Sdk.DescribeNetworkInterfacesResult,
  ];
  DescribeVolumes: [Sdk.DescribeVolumesRequest, Sdk.DescribeVolumesResult];
  DescribeRegions: [Sdk.DescribeRegionsRequest, Sdk.DescribeRegionsResult];
  GetConsoleOutput: [Sdk.GetConsoleOutputRequest, Sdk.GetConsoleOutputResult];
  RunInstances: [Sdk.RunInstancesRequest, Sdk.Reservation];
  TerminateInstances: [Sdk.TerminateInstancesRequest, Sdk.TerminateInstancesResult];
  ModifyInstanceAttribute: [Sdk.ModifyInstanceAttributeRequest, object];
  DeleteNetworkInterface: [Sdk.DeleteNetworkInterfaceRequest, object];
  DeleteVolume: [Sdk.DeleteVolumeRequest, object];
  ReportInstanceStatus: [Sdk.ReportInstanceStatusRequest, object];
}

/**
 * Requests, by account and region. Verified: 100 and 20/s for Describe*, 5 and 2/s for RunInstances, 100 and
 * 5/s for TerminateInstances; the others at the published rate of mutating actions (50 and 5/s, from memory).
 */
const REQUESTS: Readonly<Partial<Record<keyof Calls, Limit>>> = {
  RunInstances: { size: 5, refill: 2 },
  TerminateInstances: { size: 100, refill: 5 },
  ModifyInstanceAttribute: { size: 50, refill: 5 },
  DeleteNetworkInterface: { size: 50, refill: 5 },
  DeleteVolume: { size: 50, refill: 5 },
  ReportInstanceStatus: { size: 50, refill: 5 },
};
const READING: Limit = { size: 100, refill: 20 };

/** Instances that calls may name: 1000 and 2/s launched, 1000 and 20/s terminated. */
const INSTANCES: Readonly<Partial<Record<keyof Calls, Limit>>> = {
  RunInstances: { size: 1000, refill: 2 },
  TerminateInstances: { size: 1000, refill: 20 },
};

/** Seconds. */
const CONNECT = 10;
const ANSWER = 90;

/** How a call is made. */
export interface Calling {
  readonly signal: AbortSignal;
  /** Instances that it launches or terminates. */
  readonly instances?: number;
  readonly patience?: Patience;
}

/** EC2 in every region that is asked for. */
export interface Ec2 {
  readonly clock: Clock;
  /** @throws {HarnessError} PROVIDER_* */
  call<K extends keyof Calls>(
    region: string,
    operation: K,
    input: Calls[K][0],
    calling: Calling,
  ): Promise<Calls[K][1]>;
}

/** What clients are made with. */
export interface Ec2Options {
  readonly clock: Clock;
  readonly random: () => number;
  readonly endpoint?: string;
  readonly profile?: string;
  /** Hides a value wherever it may be printed. */
  redact(value: string): void;
  /** No credentials are looked for: what stands in for EC2 takes any. */
  readonly standIn: boolean;
}

type Client = Sdk.EC2Client;
type AnyCommand = Parameters<Client['send']>[0];

/** @throws {HarnessError} PROVIDER_PACKAGE_MISSING */
export async function connectEc2(options: Ec2Options): Promise<Ec2> {
  const { clock, random } = options;
  // The SDK would tell people on standard error which Node.js it will want some day.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const sdk = await optionalPackage('@aws-sdk/client-ec2', () => import('@aws-sdk/client-ec2'));
  const clients = new Map<string, Client>();
  const hidden = new Set<string>();
  // EC2 repeats what it was sent when a signature is wrong: the session's token among it.
  const hide = async (client: Client, text: string) => {
    try {
      const { secretAccessKey, sessionToken } = await client.config.credentials();
      for (const value of [secretAccessKey, sessionToken]) {
        if (value === undefined || hidden.has(value)) continue;
        hidden.add(value);
        options.redact(value);
      }
    } catch {
      // No credentials were found: there is nothing to hide.
    }
    return [...hidden].reduce((clean, value) => clean.replaceAll(value, '[redacted]'), text);
  };
  const paceOf = buckets(clock);
  const clientOf = (region: string) => {
    const client = clients.get(region) ?? new sdk.EC2Client(clientOptions(options, region));
    clients.set(region, client);
    return client;
  };
  return {
    clock,
    async call(region, operation, input, { signal, instances = 0, patience }) {
      const requests = paceOf(`${region} ${operation} requests`, REQUESTS[operation] ?? READING);
      const many = INSTANCES[operation];
      const named = many && paceOf(`${region} ${operation} instances`, many);
      // One signal for many calls is the usual case.
      setMaxListeners(0, signal);
      const sent = async () => {
        const client = clientOf(region);
        try {
          return await client.send(commandOf(sdk, operation, input), { abortSignal: signal });
        } catch (error) {
          signal.throwIfAborted();
          const words = await hide(client, error instanceof Error ? error.message : '');
          const ours = classified(error, words, operation, region);
          if (reasonOf(ours) === 'throttled') for (const pace of [requests, named]) pace?.slow();
          throw ours;
        }
      };
      const once = async () => {
        await requests(1, signal);
        try {
          return await sent();
        } catch (error) {
          // They ended in the midst, and another client reads them anew; refused again, they are the user's to mend.
          if (reasonOf(error) !== 'credentials') throw error;
          clients.get(region)?.destroy();
          clients.delete(region);
          return sent();
        }
      };
      await named?.(instances, signal);
      return retried(once, { clock, random, signal }, patience);
    },
  };
}

function commandOf(sdk: typeof Sdk, operation: keyof Calls, input: object): AnyCommand {
  const Command = sdk[`${operation}Command`] as unknown as new (input: object) => AnyCommand;
  return new Command(input);
}

function clientOptions({ endpoint, profile, standIn }: Ec2Options, region: string) {
  return {
    region,
    // Tries are ours: the SDK would ask for capacity that is not there three times over.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT * 1000,
      requestTimeout: ANSWER * 1000,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: 64 },
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(profile !== undefined && { profile }),
    ...(standIn && { credentials: { accessKeyId: 'stand-in', secretAccessKey: 'stand-in' } }),
  };
}

/** Every page of a list. */
export async function pages<P extends { readonly NextToken?: string | undefined }, T>(
  page: (token: string | undefined) => Promise<P>,
  items: (page: P) => readonly T[] | undefined,
): Promise<readonly T[]> {
  const all: T[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const got = await page(token);
    // An empty page with a token is a page.
    all.push(...(items(got) ?? []));
    token = got.NextToken === '' ? undefined : got.NextToken;
    // A provider that repeats itself is not followed for ever.
    if (token !== undefined && seen.has(token)) return all;
    if (token !== undefined) seen.add(token);
  } while (token !== undefined);
  return all;
}
