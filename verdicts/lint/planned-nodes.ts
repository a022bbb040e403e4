/** Nodes as the delivery promises them, for a lint before any node is reached. */
import type { Plan } from '../../plan/model.ts';
import type { Accelerator, Node } from '../../runners/model.ts';

/** More nodes than this change no case and no ceiling. */
const MOST = 64;
const USUAL_MEMORY = 16e9;

/**
 * As many nodes as were bought (two where the plan does not say), whole NVLink domains.
 *
 * @param most at most so many; a lint needs no more than 64
 */
export function plannedNodes(plan: Plan, most = MOST): readonly Node[] {
  const { delivery, part } = plan;
  const count = Math.min(delivery.count ?? 2, most);
  const perDomain = nodesPerDomain(plan);
  return Array.from({ length: count }, (_, index): Node => {
    const id = `n${String(index + 1).padStart(4, '0')}`;
    return {
      id,
      identity: [],
      name: id,
      fabricAddress: id,
      accelerators: Array.from({ length: delivery.acceleratorsPerNode }, (__, at): Accelerator => ({
        id: `${id}-${at}`,
        kind: part?.kind ?? 'gpu',
        model: part?.models[0]?.join(' ') ?? delivery.sku,
        index: at,
        memory: part?.memory?.value ?? USUAL_MEMORY,
        cores: 1,
      })),
      domains:
        perDomain > 1
          ? [{ kind: 'nvlink', id: `nvlink-${Math.floor(index / perDomain)}`, from: 'plan' }]
          : [],
      environment: {},
    };
  });
}

/** Nodes that one scale-up domain spans by the catalogue; 1 where it ends at the node. */
export function nodesPerDomain({ part, delivery }: Pick<Plan, 'part' | 'delivery'>): number {
  return Math.max(1, Math.floor((part?.scaleUpDomain ?? 0) / delivery.acceleratorsPerNode));
}
