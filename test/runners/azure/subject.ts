/** Azure as the shared tests see it. */
import { SUBSCRIPTION } from '../../../fixtures/clouds/azure/store.ts';
import { connectArm } from '../../../runners/azure/client.ts';
import { azureOptions } from '../../../runners/azure/options.ts';
import { azureRunner } from '../../../runners/azure/runner.ts';
import { armProvisioner } from '../../../runners/azure/provision.ts';
import { TIMES, type Subject } from '../cloud/plane.ts';

const SUBNET = `/subscriptions/${SUBSCRIPTION}/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/lab`;

/** Block of a plan. */
export function block(
  endpoint: string,
  provision: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
) {
  return azureOptions.parse({
    endpoint,
    subscription: SUBSCRIPTION,
    config: 'none',
    provision: {
      nodes: 8,
      size: 'Standard_D2s_v5',
      image: 'microsoft-dsvm:ubuntu-hpc:2404:latest',
      places: [{ location: 'eastus', subnet: `${SUBNET}/subnets/a` }],
      ...provision,
    },
    ...more,
  });
}

/** A client for a stand-in. */
export function armOf(endpoint: string, clock: Parameters<typeof connectArm>[0]['clock']) {
  return connectArm({
    clock,
    random: Math.random,
    subscription: SUBSCRIPTION,
    endpoint,
    standIn: true,
    redact: () => undefined,
  });
}

export const azureSubject: Subject = {
  provider: 'azure',
  launch: 'VirtualMachineScaleSets_CreateOrUpdate',
  list: 'VirtualMachineScaleSetVMs_List',
  runner: (url, clock) => azureRunner(block(url, {}, TIMES), clock),
  async connect(url, clock, nodes, places) {
    const options = block(url, {
      nodes,
      places: Array.from({ length: places }, (_, at) => ({
        location: 'eastus',
        zone: String(at + 1),
        subnet: `${SUBNET}/subnets/a`,
      })),
    });
    const { provision, address } = options;
    if (provision === undefined) throw new Error('the plan attaches');
    return armProvisioner(await armOf(url, clock), { provision, address, account: 'assay' });
  },
};
