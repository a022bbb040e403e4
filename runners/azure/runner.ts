/** Azure: virtual machines that are attached, or scale sets that are made for the run. */
import type { Runner } from '../model.ts';
import { systemClock, type Clock } from '../cloud/clock.ts';
import { checkEndpoint } from '../cloud/options.ts';
import { cloudRunner, type Cloud, type Surroundings } from '../cloud/runner.ts';
import { sweepOnly } from '../cloud/sweep-only.ts';
import { attachMachines } from './attach.ts';
import { capacityEnd } from './capacity-end.ts';
import { connectArm, OWN_HOSTS } from './client.ts';
import { prepareImpacts } from './faults.ts';
import { consoleKeys } from './host-keys.ts';
import { scheduledEvents } from './metadata.ts';
import { armNotices } from './notices.ts';
import type { AzureOptions } from './options.ts';
import { armProvisioner } from './provision.ts';
import { armHoldings } from './release.ts';

/** The account that a creating call makes, where the plan names none. */
const ACCOUNT = 'assay';

/** The runner for a checked block of the plan. */
export function azureRunner(options: AzureOptions, clock: Clock = systemClock): Runner {
  const { provision } = options;
  const plan = {
    provider: 'azure',
    options,
    // Azure's text says RSA of 2048 bits at least; that it takes ed25519 was never seen by us.
    keyType: 'rsa' as const,
    account: options.user ?? ACCOUNT,
    ...(provision !== undefined && { nodes: provision.nodes }),
  };
  return cloudRunner(plan, (surroundings) => connect(options, surroundings), clock);
}

async function connect(options: AzureOptions, surroundings: Surroundings): Promise<Cloud> {
  const { endpoint, provision, attach, address, subscription, tenant, user } = options;
  const { clock, random, standIn } = surroundings;
  checkEndpoint(endpoint, OWN_HOSTS, standIn);
  const redact = (value: string) => surroundings.redact(value);
  const arm = await connectArm({
    clock,
    random,
    standIn,
    subscription,
    redact,
    ...(tenant !== undefined && { tenant }),
    ...(endpoint !== undefined && { endpoint }),
  });
  const reserved = [
    attach?.['capacity-reservation-group'],
    ...(provision?.places ?? []).map((place) => place['capacity-reservation-group']),
  ].filter((group) => group !== undefined);
  return {
    provisioner:
      provision === undefined
        ? sweepOnly(armHoldings(arm))
        : armProvisioner(arm, { provision, address, account: user ?? ACCOUNT }),
    attach: async (signal) =>
      attach === undefined ? [] : attachMachines(arm, attach, address, signal),
    hostKeys: (machine, signal) => consoleKeys(arm, machine, { redact, standIn }, signal),
    ends: async (_, signal) =>
      reserved.length === 0 ? undefined : capacityEnd(arm, [...new Set(reserved)], signal),
    notices: (machines, signal) => armNotices(arm, machines, signal),
    metadata: scheduledEvents,
    reportFaults: (faults) => prepareImpacts(arm.scope, faults),
  };
}
