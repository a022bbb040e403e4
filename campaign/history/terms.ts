/** What a delivery's runs must have in common. */
import { createHash } from 'node:crypto';
import type { Plan } from '../../plan/model.ts';
import type { PrivateFile } from '../directory/model.ts';
import { canonical } from '../directory/canonical.ts';

/** Reference of the delivery that a run of this plan counts into. */
export function deliveryOf(plan: Plan): string {
  return plan.into ?? plan.delivery.reference;
}

/** SHA-256 of what was promised and how it is decided: criteria, decision, part, unit, accelerators a node. */
export function termsOf({ criteria, decision, delivery }: Plan): string {
  const { sku, unit, acceleratorsPerNode } = delivery;
  return hash({ criteria, decision, sku, unit, acceleratorsPerNode });
}

/** SHA-256 of the fleet as the plan names it (with its private part): equal, the same nodes are meant. */
export function fleetOf({ fleet }: Plan, whole?: PrivateFile): string {
  return hash({ runner: fleet.runner, options: whole?.plan?.fleet ?? fleet.options });
}

function hash(value: object): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}
