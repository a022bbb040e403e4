/** Domains from `scontrol show topology`: a tree's leaves, or blocks. */
import type { Domain } from '../model.ts';
import { expandHosts } from '../ssh/hostlist.ts';

/**
 * Node name → the leaf switch or block that it hangs on. Lines of other forms say nothing.
 *
 * @param text of `scontrol show topology`: `SwitchName=s0 Level=0 LinkSpeed=1 Nodes=n[0-3]`, or from 23.11 on
 * `BlockName=b1 BlockIndex=0 Nodes=n[01-18] BlockSize=18`
 */
export function topologyDomains(text: string): ReadonlyMap<string, readonly Domain[]> {
  const found = new Map<string, Domain[]>();
  for (const line of text.split('\n')) {
    const fields = new Map(
      [...line.matchAll(/(\w+)=(\S+)/gu)].map(([, key = '', value = '']) => [key, value] as const),
    );
    const block = fields.get('BlockName');
    const leaf = fields.get('Level') === '0' ? fields.get('SwitchName') : undefined;
    const id = block ?? leaf;
    const nodes = fields.get('Nodes');
    if (id === undefined || nodes === undefined || nodes === '(null)') continue;
    const domain: Domain = { kind: block === undefined ? 'leaf' : 'block', id, from: 'provider' };
    for (const name of expandHosts(nodes)) {
      const own = found.get(name) ?? [];
      if (!own.some((one) => one.kind === domain.kind)) own.push(domain);
      found.set(name, own);
    }
  }
  return found;
}

/** Domains that a node's features name, by their prefix. */
export function featureDomains(
  features: readonly string[],
  prefixes: Readonly<Partial<Record<Domain['kind'], string>>>,
): readonly Domain[] {
  return Object.entries(prefixes).flatMap(([kind, prefix]): Domain[] => {
    const feature = features.find((one) => one.startsWith(prefix) && one !== prefix);
    if (feature === undefined) return [];
    return [{ kind: kind as Domain['kind'], id: feature.slice(prefix.length), from: 'provider' }];
  });
}
