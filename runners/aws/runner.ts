/** AWS: EC2 instances that are attached, or launched into a reservation. */
import type { Runner } from '../model.ts';
import { checkEndpoint } from '../cloud/options.ts';
import { cloudRunner, type Cloud, type Surroundings } from '../cloud/runner.ts';
import { systemClock, type Clock } from '../cloud/clock.ts';
import { sweepOnly } from '../cloud/sweep-only.ts';
import { attachInstances } from './attach.ts';
import { capacityEnd } from './capacity-end.ts';
import { connectEc2 } from './client.ts';
import { reportInstances } from './faults.ts';
import { consoleKeys } from './host-keys.ts';
import { ec2Metadata } from './metadata.ts';
import { ec2Notices, inMaintenance } from './notices.ts';
import type { AwsOptions } from './options.ts';
import { ec2Provisioner } from './provision.ts';
import { ec2Holdings } from './release.ts';

/** Ends of host names that are AWS's own. */
const OWN = ['.amazonaws.com', '.amazonaws.com.cn', '.api.aws'];

/** The runner for a checked block of the plan. */
export function awsRunner(options: AwsOptions, clock: Clock = systemClock): Runner {
  const { provision } = options;
  const plan = {
    provider: 'aws',
    options,
    keyType: 'ed25519' as const,
    ...(provision !== undefined && { nodes: provision.nodes }),
  };
  return cloudRunner(plan, (surroundings) => connect(options, surroundings), clock);
}

async function connect(options: AwsOptions, surroundings: Surroundings): Promise<Cloud> {
  const { endpoint, profile, provision, attach, address } = options;
  checkEndpoint(endpoint, OWN, surroundings.standIn);
  const ec2 = await connectEc2({
    clock: surroundings.clock,
    random: surroundings.random,
    standIn: surroundings.standIn,
    redact: (value) => surroundings.redact(value),
    ...(endpoint !== undefined && { endpoint }),
    ...(profile !== undefined && { profile }),
  });
  const places = provision?.places ?? [];
  const regions = [...new Set(attach?.regions ?? places.map(({ region }) => region))];
  const reservations = new Map(
    places.flatMap(({ reservation, region }) =>
      reservation === undefined ? [] : [[reservation, region] as const],
    ),
  );
  if (attach?.reservation !== undefined && regions[0] !== undefined) {
    reservations.set(attach.reservation, regions[0]);
  }
  return {
    provisioner:
      provision === undefined
        ? sweepOnly(ec2Holdings(ec2, regions))
        : ec2Provisioner(ec2, { provision, address }),
    attach: async (signal) =>
      attach === undefined ? [] : attachInstances(ec2, attach, address, signal),
    hostKeys: (machine, signal) => consoleKeys(ec2, machine, signal),
    ends: async (_, signal) =>
      reservations.size === 0 ? undefined : capacityEnd(ec2, reservations, signal),
    unfit: (machines, signal) => inMaintenance(ec2, machines, signal),
    notices: (machines, signal) => ec2Notices(ec2, machines, signal),
    metadata: ec2Metadata,
    reportFaults: (faults, send, signal) => reportInstances(ec2, regions, faults, send, signal),
  };
}
