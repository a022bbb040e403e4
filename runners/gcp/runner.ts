/** Google Cloud: Compute Engine instances and TPU slices that are attached, or made in reserved capacity. */
import type { Runner } from '../model.ts';
import { systemClock, type Clock } from '../cloud/clock.ts';
import { checkEndpoint } from '../cloud/options.ts';
import { cloudRunner, type Cloud, type Surroundings } from '../cloud/runner.ts';
import { sweepOnly } from '../cloud/sweep-only.ts';
import { attachInstances } from './attach.ts';
import { capacityEnd, type Reserved } from './capacity-end.ts';
import { connectGcp, OWN_HOSTS } from './client.ts';
import { reportHosts } from './faults.ts';
import { guestKeys } from './host-keys.ts';
import { gcpMetadata } from './metadata.ts';
import { gcpNotices, inMaintenance } from './notices.ts';
import type { GcpOptions } from './options.ts';
import { gcpProvisioner } from './provision.ts';
import { gcpHoldings } from './release.ts';

/** The account that the guest agent makes, where the plan names none. */
const ACCOUNT = 'assay';

/** The runner for a checked block of the plan. */
export function gcpRunner(options: GcpOptions, clock: Clock = systemClock): Runner {
  const { provision } = options;
  const plan = {
    provider: 'gcp',
    options,
    keyType: 'ed25519' as const,
    account: options.user ?? ACCOUNT,
    ...(provision !== undefined && { nodes: provision.nodes }),
  };
  return cloudRunner(plan, (surroundings) => connect(options, surroundings), clock);
}

async function connect(options: GcpOptions, surroundings: Surroundings): Promise<Cloud> {
  const { endpoint, project, provision, attach, address, user, 'boot-time': patience } = options;
  const { clock, random, standIn } = surroundings;
  checkEndpoint(endpoint, OWN_HOSTS, standIn);
  const gcp = await connectGcp({
    clock,
    random,
    standIn,
    project,
    redact: (value) => surroundings.redact(value),
    ...(endpoint !== undefined && { endpoint }),
  });
  const reserved: readonly Reserved[] = (provision?.places ?? []).flatMap(
    ({ zone, reservation }) => (reservation === undefined ? [] : [{ zone, reservation }]),
  );
  return {
    provisioner:
      provision === undefined
        ? sweepOnly(gcpHoldings(gcp))
        : gcpProvisioner(gcp, { provision, address, account: user ?? ACCOUNT, patience }),
    attach: async (signal) =>
      attach === undefined ? [] : attachInstances(gcp, attach, address, signal),
    hostKeys: (machine, signal) => guestKeys(gcp, machine, signal),
    ends: async (_, signal) =>
      reserved.length === 0 ? undefined : capacityEnd(gcp, reserved, signal),
    unfit: (machines, signal) => inMaintenance(gcp, machines, signal),
    notices: (machines, signal) => gcpNotices(gcp, machines, signal),
    metadata: gcpMetadata,
    reportFaults: (faults, send, signal) => reportHosts(gcp, faults, send, signal),
  };
}
