/** The plan's delivery block, resolved against the catalogue. */
import type { z } from 'zod';
import type { deliverySchema } from './blocks.ts';
import { partById, parts } from './catalogue/parts.ts';
import type { Delivery, Part } from './model.ts';
import { nearest } from './options.ts';
import type { Problems } from './problems.ts';

/** What was bought, and what the catalogue knows of it. */
export interface ResolvedDelivery {
  readonly delivery: Delivery;
  /** Absent: an unknown part, which can never end in accept. */
  readonly part: Part | undefined;
  readonly warnings: readonly string[];
}

/** Adds what the catalogue knows; an unknown SKU must say its accelerators a node itself. */
export function resolveDelivery(
  block: z.output<typeof deliverySchema>,
  problems: Problems,
  origins: Record<string, string>,
): ResolvedDelivery {
  const part = partById(block.sku);
  const mend = nearest(
    block.sku,
    parts.map((one) => one.sku),
    'SKUs known',
  );
  const perNode = block['accelerators-per-node'] ?? part?.perNode;
  if (perNode === undefined) {
    problems.add(
      'PLAN_INVALID',
      ['delivery', 'sku'],
      `the catalogue does not know "${block.sku}", and accelerators-per-node is missing`,
      `${mend} For a part that the catalogue lacks, add accelerators-per-node.`,
    );
  }
  const { milestone, count } = block;
  const deemed = block['deemed-acceptance'];
  if (milestone !== undefined && deemed !== undefined && deemed < milestone) {
    problems.add(
      'PLAN_INVALID',
      ['delivery', 'deemed-acceptance'],
      `${deemed} is before the milestone, ${milestone}`,
      'Acceptance can be deemed given only after it was due.',
    );
  }
  if (block['accelerators-per-node'] === undefined && part !== undefined) {
    origins['delivery.accelerators-per-node'] = `catalogue: ${part.sku}`;
  }
  if (count === undefined) origins['delivery.count'] = 'default: as many as the fleet has';
  return {
    part,
    warnings:
      part === undefined
        ? [`The catalogue does not know ${block.sku}: no run of this plan can end in accept.`]
        : [],
    delivery: {
      reference: block.reference,
      provider: block.provider,
      sku: block.sku,
      unit: block.unit,
      ...(milestone !== undefined && { milestone }),
      ...(deemed !== undefined && { deemedAcceptance: deemed }),
      ...(count !== undefined && { count }),
      acceleratorsPerNode: perNode ?? 1,
      ...(block.price !== undefined && {
        price: { perNodeHour: block.price['per-node-hour'], currency: block.price.currency },
      }),
    },
  };
}
