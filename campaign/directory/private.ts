/**
 * What of a plan only private.json may hold: host names and addresses (the runner's own block, URLs in a
 * suite's, `--only`) and prices. A copy for the supplier leaves that file out, so nothing of it may stand in plan.json.
 */
import { join } from 'node:path';
import type { Plan } from '../../plan/model.ts';
import type { Missing, Node } from '../../runners/model.ts';
import { readJson } from './json.ts';
import type { PrivateFile } from './model.ts';
import { planShape, privateShape } from './shapes.ts';

/** The private part of a plan, as private.json has it. */
export type PrivatePlan = Pick<PrivateFile, 'price' | 'plan'>;

/** A URL whose host is a word of its own; one that is only `{address}` names nobody. */
const HOST = /^(https?:\/\/)(?!\{address\}(?:[:/]|$))[^/]*.*$/su;

/** A plan as plan.json has it: the runner's block empty, no host in a suite's, no price, no cost, no `--only`. */
export function withoutPrivate(plan: Plan): Plan {
  const { only: _only, estimate, ...open } = plan;
  const { price: _price, ...delivery } = plan.delivery;
  const { cost: _cost, ...expense } = estimate ?? {};
  return {
    ...open,
    delivery,
    fleet: { ...plan.fleet, options: {} },
    suites: plan.suites.map(({ id, options }) => ({ id, options: hostless(options) as object })),
    ...(estimate && { estimate: expense as NonNullable<Plan['estimate']> }),
  };
}

/** What `withoutPrivate` leaves out. */
export function privateOf({ fleet, delivery, suites, only, estimate }: Plan): PrivatePlan {
  const named = suites.filter(({ options }) => namesHost(options));
  return {
    ...(delivery.price && { price: delivery.price }),
    plan: {
      fleet: fleet.options,
      ...(named.length > 0 && {
        suites: Object.fromEntries(named.map(({ id, options }) => [id, options])),
      }),
      ...(only && { only }),
      ...(estimate?.cost !== undefined && { cost: estimate.cost }),
    },
  };
}

/** Options without the hosts of their URLs; `{address}` stays, as it says whose endpoints they are. */
function hostless(value: unknown): unknown {
  if (typeof value === 'string') {
    const host = value.includes('{address}') ? '{address}.invalid' : 'private.invalid';
    return value.replace(HOST, `$1${host}`);
  }
  if (Array.isArray(value)) return value.map(hostless);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hostless(one)]));
}

function namesHost(value: unknown): boolean {
  if (typeof value === 'string') return HOST.test(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(namesHost);
}

/** The whole plan again. */
export function withPrivate(plan: Plan, { price, plan: own }: PrivatePlan): Plan {
  if (own === undefined) return plan;
  const { fleet, suites = {}, only, cost } = own;
  return {
    ...plan,
    delivery: { ...plan.delivery, ...(price && { price }) },
    fleet: { ...plan.fleet, options: fleet },
    suites: plan.suites.map(({ id, options }) => ({ id, options: suites[id] ?? options })),
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
