/** A node as inventory found it. */
import { z } from 'zod';
import type { Accelerator, Identity, Node } from '../model.ts';
import { environmentKeys } from './facts.ts';

const accelerator: z.ZodType<Accelerator> = z.object({
  id: z.string(),
  kind: z.enum(['gpu', 'tpu', 'cpu']),
  model: z.string(),
  index: z.number(),
  memory: z.number(),
  cores: z.number(),
});
const identity: z.ZodType<Identity> = z.object({
  kind: z.enum(['serial', 'accelerators', 'nics']),
  value: z.string(),
});
const RANK: Readonly<Record<Identity['kind'], number>> = {
  'provider-id': 0,
  plan: 1,
  serial: 2,
  accelerators: 3,
  nics: 4,
};

/**
 * The node with accelerators, identity, environment and machine from its inventory's facts.
 * Pure, so that replay makes the same node; facts of other nodes are left out.
 *
 * @param readings of the node's inventory attempt, any kind
 */
export function inventoriedNode(
  node: Node,
  readings: Iterable<{ readonly kind: string; readonly node?: string }>,
): Node {
  const facts = new Map<string, string>();
  for (const one of readings) {
    if (one.kind !== 'fact' || one.node !== node.id) continue;
    const { name, value } = one as unknown as { name: string; value: string };
    facts.set(name, value);
  }
  const found = each(facts, 'accelerator', accelerator).sort((a, b) => a.index - b.index);
  const known = [...node.identity, ...each(facts, 'identity', identity)].sort(
    (a, b) => RANK[a.kind] - RANK[b.kind],
  );
  const machine = facts.get('machine');
  return {
    ...node,
    accelerators: found.length > 0 ? found : node.accelerators,
    identity: known.filter(
      (one, index) =>
        known.findIndex((other) => other.kind === one.kind && other.value === one.value) === index,
    ),
    domains: [
      ...node.domains,
      ...(['nvlink', 'slice'] as const).flatMap((kind): Node['domains'] => {
        const id = facts.get(`domain.${kind}`);
        // The plan and the provider know better.
        const known = node.domains.some((domain) => domain.kind === kind);
        return id === undefined || known ? [] : [{ kind, id, from: 'inventory' }];
      }),
    ],
    environment: {
      ...node.environment,
      ...Object.fromEntries(
        environmentKeys.flatMap((key) => {
          const value = facts.get(`environment.${key}`);
          return value === undefined ? [] : [[key, detached(value)] as const];
        }),
      ),
    },
    ...(machine !== undefined && { machine }),
  };
}

/** A text of its own: one that was cut out of a tool's whole output would keep that for as long as the node is known. */
function detached(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function each<T>(facts: ReadonlyMap<string, string>, prefix: string, schema: z.ZodType<T>): T[] {
  return [...facts].flatMap(([name, value]) => {
    if (!name.startsWith(`${prefix}.`) || !/\.\d+$/u.test(name)) return [];
    const result = schema.safeParse(JSON.parse(value));
    return result.success ? [result.data] : [];
  });
}
