/**
 * What of a plan only private.json may hold: host names and addresses (the runner's own block, `--only`)
 * and prices. A copy for the supplier leaves that file out, so nothing of it may stand in plan.json.
 */
import { join } from 'node:path';
import type { Plan } from '../../plan/model.ts';
import type { Missing, Node } from '../../runners/model.ts';
import { readJson } from './json.ts';
import type { PrivateFile } from './model.ts';
import { planShape, privateShape } from './shapes.ts';

/** The private part of a plan, as private.json has it. */
export type PrivatePlan = Pick<PrivateFile, 'price' | 'plan'>;

/** A plan as plan.json has it: the runner's block empty, no price, no cost, no `--only`. */
export function withoutPrivate(plan: Plan): Plan {
  const { only: _only, estimate, ...open } = plan;
  const { price: _price, ...delivery } = plan.delivery;
  const { cost: _cost, ...expense } = estimate ?? {};
  return {
    ...open,
    delivery,
    fleet: { ...plan.fleet, options: {} },
    ...(estimate && { estimate: expense as NonNullable<Plan['estimate']> }),
  };
}

/** What `withoutPrivate` leaves out. */
export function privateOf({ fleet, delivery, only, estimate }: Plan): PrivatePlan {
  return {
    ...(delivery.price && { price: delivery.price }),
    plan: {
      fleet: fleet.options,
      ...(only && { only }),
      ...(estimate?.cost !== undefined && { cost: estimate.cost }),
    },
  };
}

/** The whole plan again. */
export function withPrivate(plan: Plan, { price, plan: own }: PrivatePlan): Plan {
  if (own === undefined) return plan;
  const { fleet, only, cost } = own;
  return {
    ...plan,
    delivery: { ...plan.delivery, ...(price && { price }) },
    fleet: { ...plan.fleet, options: fleet },
    ...(only && { only }),
    ...(plan.estimate && {
      estimate: { ...plan.estimate, ...(cost !== undefined && { cost }) },
    }),
  };
}

/**
 * The plan of a run that is to go on, whole.
 *
 * @throws {HarnessError} RUN_UNREADABLE (also where private.json is missing: there is no fleet to open
 * without it), RUN_SCHEMA_NEWER
 */
export async function wholePlan(root: string): Promise<Plan> {
  const plan = await readJson(join(root, 'plan.json'), 'plan', 1, planShape);
  return withPrivate(plan, await readJson(join(root, 'private.json'), 'private', 1, privateShape));
}

/** private.json of a plan, and of its fleet once that is open. */
export function privateFile(
  plan: Plan,
  opened: {
    readonly nodes: readonly Node[];
    readonly missing: readonly (Missing & { readonly node: Node })[];
  } = { nodes: [], missing: [] },
): PrivateFile {
  const all = [...opened.nodes, ...opened.missing.map(({ node }) => node)];
  return {
    schema: 'assay/private/1',
    nodes: all.map(({ id, name, fabricAddress }) => ({ id, name, fabricAddress })),
    missing: opened.missing.map(({ slot, code, reason }): Missing => ({ slot, code, reason })),
    ...privateOf(plan),
  };
}
