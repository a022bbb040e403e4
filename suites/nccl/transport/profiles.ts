/** Named settings of a SKU in a cloud: what they set for every rank, and the network that they claim. */
import type { Options } from '../options.ts';

interface Profile {
  readonly transport: NonNullable<Options['transport']>;
  readonly environment: Readonly<Record<string, string>>;
}

/** A name that is not here is a name only: its runs are kept apart from others, and what they used is shown. */
const PROFILES: Readonly<Record<string, Profile>> = {
  'aws-efa': { transport: 'efa', environment: { FI_PROVIDER: 'efa' } },
  'azure-ib': { transport: 'ib', environment: { NCCL_NET: 'IB' } },
  'oci-roce': { transport: 'roce', environment: { NCCL_NET: 'IB' } },
  'gcp-tcpx': { transport: 'tcpx', environment: {} },
  'gcp-tcpxo': { transport: 'tcpxo', environment: {} },
  'gcp-gib': { transport: 'gib', environment: {} },
  ethernet: { transport: 'socket', environment: { NCCL_NET: 'Socket' } },
};

/** The profile of a plan that we know. */
function profileOf({ profile }: Options): Profile | undefined {
  return profile === undefined || !Object.hasOwn(PROFILES, profile) ? undefined : PROFILES[profile];
}

/** Variables of the profile; the plan's own come after it. */
export function profileEnvironment(options: Options): Readonly<Record<string, string>> {
  return profileOf(options)?.environment ?? {};
}

/** The network that the plan says is used between nodes, by itself or by its profile. */
export function claimedTransport(options: Options): Options['transport'] {
  return options.transport ?? profileOf(options)?.transport;
}
