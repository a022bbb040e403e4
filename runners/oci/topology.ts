/** Where instances are: memory fabric, local block, network block; the physical host by its id. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import type { Domain } from '../model.ts';
import { query, type Oci } from './client.ts';
import { hostShape, type Host } from './shapes.ts';

/** The machines with their domains; as they were where the provider tells nothing. */
export async function placedByHosts(
  oci: Oci,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  const known = new Map<string, Host>();
  for (const region of new Set(machines.map(({ where }) => where))) {
    try {
      for (const host of await hostsOf(oci, region, signal)) {
        if (typeof host.instanceId === 'string') known.set(host.instanceId, host);
      }
    } catch (error) {
      // Capacity that is not dedicated has no such list, and not everybody may read it.
      if (!(error instanceof HarnessError)) throw error;
    }
  }
  return machines.map((machine) => {
    const host = known.get(machine.id);
    if (host === undefined) return machine;
    const { hpcIslandId: island } = host;
    return {
      ...machine,
      domains: domainsOf(host),
      facts: { 'oci.host': host.id, ...(has(island) && { 'oci.island': island }) },
    };
  });
}

/** Strongest first. */
export function domainsOf(host: Host): readonly Domain[] {
  const { gpuMemoryFabricId, localBlockId, networkBlockId } = host;
  const from = 'provider' as const;
  return [
    ...(has(gpuMemoryFabricId) ? [{ kind: 'nvlink' as const, id: gpuMemoryFabricId, from }] : []),
    // About a rack: what hangs on one leaf.
    ...(has(localBlockId) ? [{ kind: 'leaf' as const, id: localBlockId, from }] : []),
    ...(has(networkBlockId) ? [{ kind: 'block' as const, id: networkBlockId, from }] : []),
  ];
}

async function hostsOf(oci: Oci, region: string, signal: AbortSignal): Promise<readonly Host[]> {
  const compartmentId = (await oci.tenancy()) ?? oci.compartment;
  return oci.list({
    operation: 'ListComputeHosts',
    region,
    path: `/computeHosts${query({ compartmentId })}`,
    item: hostShape,
    signal,
    // Localisation is better with it and works without.
    patience: { total: 30 },
  });
}

function has(id: string | null | undefined): id is string {
  return typeof id === 'string' && id !== '';
}
