/** What a plan's profile sets for every rank, and the network that it claims. */
import { ncclProfile, profileVariables } from '../../../plan/catalogue/nccl-profiles.ts';
import type { Options } from '../options.ts';

/** Variables of the profile; the plan's own come after it. */
export function profileEnvironment({ profile }: Options): Readonly<Record<string, string>> {
  const known = ncclProfile(profile);
  return known === undefined ? {} : profileVariables(known);
}

/** The network that the plan says is used between nodes, by itself or by its profile. */
export function claimedTransport({ transport, profile }: Options): Options['transport'] {
  return transport ?? ncclProfile(profile)?.transport;
}
