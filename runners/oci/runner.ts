/** Oracle Cloud: instances that are attached, or made in reserved capacity as a compute cluster or cluster network. */
import type { Runner } from '../model.ts';
import { systemClock, type Clock } from '../cloud/clock.ts';
import { checkEndpoint } from '../cloud/options.ts';
import type { Machine } from '../cloud/model.ts';
import type { Ownership } from '../cloud/ownership.ts';
import { cloudRunner, type Cloud, type Surroundings } from '../cloud/runner.ts';
import { sweepOnly } from '../cloud/sweep-only.ts';
import { attachInstances } from './attach.ts';
import { connectOci } from './client.ts';
import { reportHosts } from './faults.ts';
import { consoleKeys } from './host-keys.ts';
import { inMaintenance, ociNotices } from './notices.ts';
import type { OciOptions } from './options.ts';
import { ociProvisioner } from './provision.ts';
import { ociHoldings } from './release.ts';

/** The account of Oracle's own images, where the plan names none; Ubuntu's is "ubuntu". */
const ACCOUNT = 'opc';

/** The runner for a checked block of the plan. */
export function ociRunner(options: OciOptions, clock: Clock = systemClock): Runner {
  const { provision } = options;
  const plan = {
    provider: 'oci',
    options,
    keyType: 'ed25519' as const,
    account: options.user ?? ACCOUNT,
    ...(provision !== undefined && { nodes: provision.nodes }),
  };
  return cloudRunner(plan, (surroundings) => connect(options, surroundings), clock);
}

async function connect(options: OciOptions, surroundings: Surroundings): Promise<Cloud> {
  const { endpoint, compartment, tenancy, credentials, profile, provision, attach } = options;
  const { address, sweep, 'boot-time': patience } = options;
  const { clock, random, standIn } = surroundings;
  // A region has a host of its own: no single address is the provider's.
  checkEndpoint(endpoint, [], standIn);
  const oci = await connectOci({
    clock,
    random,
    standIn,
    compartment,
    credentials,
    profile,
    redact: (value) => surroundings.redact(value),
    ...(tenancy !== undefined && { tenancy }),
    ...(endpoint !== undefined && { endpoint }),
  });
  const regions = [
    ...new Set(attach?.regions ?? provision?.places.map(({ region }) => region) ?? []),
  ];
  const seen = new Map<string, Ownership>();
  return {
    provisioner:
      provision === undefined
        ? sweepOnly(ociHoldings(oci, { regions, sweep }))
        : ociProvisioner(oci, { provision, address, patience, seen, sweep }),
    attach: async (signal) =>
      attach === undefined ? [] : attachInstances(oci, attach, address, signal),
    // A look at the console is a thing that is made: not of machines that are others'.
    ...(provision !== undefined && {
      hostKeys: async (machine: Machine, signal: AbortSignal) => {
        const marks = seen.get(machine.id);
        return marks === undefined ? [] : consoleKeys(oci, machine, marks, signal);
      },
    }),
    unfit: (machines, signal) => inMaintenance(oci, machines, signal),
    notices: (machines, signal) => ociNotices(oci, machines, signal),
    reportFaults: (faults, send, signal) => reportHosts(oci, regions, faults, send, signal),
  };
}
