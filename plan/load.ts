/** From the plan's text to a Plan with every default, catalogue figure and unit resolved. */
import type { z } from 'zod';
import { basename } from 'node:path';
import {
  budgetSchema,
  decisionSchema,
  deliverySchema,
  nightlySchema,
  reportSchema,
  topSchema,
} from './blocks.ts';
import { resolveCriteria } from './criteria.ts';
import { resolveDecision } from './decision.ts';
import { resolveDelivery } from './delivery.ts';
import { readDocument } from './document.ts';
import { resolveFleet } from './fleet.ts';
import type { Budget, Entry, Nightly, Plan } from './model.ts';
import { schemaKeys, toIssues } from './options.ts';
import { noteOrigins } from './origins.ts';
import { collectProblems } from './problems.ts';
import { checkProfile } from './profile-fit.ts';
import type { Problems } from './problems.ts';
import { measurable, resolveSuites } from './suites.ts';
import type { PlannedSuite } from './suites.ts';

/** A plan's text; `file` absent from plan.json when it is "" (the built-in plan). */
export interface PlanSource {
  /** As the user named it: stands in messages, its base name in plan.json. */
  readonly file: string;
  readonly text: string;
}

/** What plans may name. */
export interface Registries<R, S> {
  readonly runners: readonly Entry<R>[];
  readonly suites: readonly Entry<S>[];
  /** Units that every run has (inventory, companion): criteria may name what they give. */
  readonly always?: readonly PlannedSuite[];
}

/** A plan and its units; the runner is imported by `use`. */
export interface LoadedPlan<R, S> {
  readonly plan: Plan;
  readonly runner: { use(): Promise<R> };
  readonly suites: readonly S[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a plan.
 *
 * @throws {HarnessError} PLAN_INVALID, PLAN_UNKNOWN_KEY or CRITERION_INVALID; its message lists every
 * mistake as `file:line:column: key.path: what was wrong. How to mend it`
 */
export async function loadPlan<R, S extends PlannedSuite>(
  source: PlanSource,
  registries: Registries<R, S>,
): Promise<LoadedPlan<R, S>> {
  const document = readDocument(source.text);
  const problems = collectProblems(source.file === '' ? 'built-in plan' : source.file, document);
  problems.check();
  const origins: Record<string, string> = {};
  checkTop(document.value, problems);
  const fields = document.value;
  const seed = typeof fields['seed'] === 'number' ? fields['seed'] : 1;
  origins['seed'] = fields['seed'] === undefined ? 'default' : 'plan';

  const delivered = parse(deliverySchema, fields, 'delivery', problems, origins);
  const bought = delivered && resolveDelivery(delivered, problems, origins);
  const fleetBlock = block(fields, 'fleet');
  const fleet = fleetBlock && resolveFleet(fleetBlock, registries.runners, problems, origins);
  const suites = await resolveSuites(
    block(fields, 'suites') ?? {},
    // A plan without a suites block is told so once, by the top level.
    block(fields, 'suites') === undefined ? [] : registries.suites,
    block(fields, 'suites') === undefined ? silent(problems) : problems,
    origins,
  );
  if (bought && fleet) {
    checkProfile(suites.options, fleet.fleet, bought.delivery, bought.part, problems);
  }
  const canMeasure = measurable([...suites.suites, ...(registries.always ?? [])], suites.broken);
  const entries = Array.isArray(fields['criteria']) ? (fields['criteria'] as unknown[]) : [];
  const { criteria, warnings } = resolveCriteria(
    entries,
    {
      delivery: bought?.delivery,
      part: bought?.part,
      measurable: canMeasure,
      scopes: scopesOf(suites.options),
    },
    problems,
    origins,
  );
  const rules = parse(decisionSchema, fields, 'decision', problems, origins);
  const metrics = suites.broken.size > 0 ? undefined : [...canMeasure.metrics.keys()];
  const decision = rules && resolveDecision(rules, metrics, problems);
  const budget = parse(budgetSchema, fields, 'budget', problems, origins);
  const report = parse(reportSchema, fields, 'report', problems, origins);
  const nightly = parse(nightlySchema, fields, 'nightly', problems, origins);
  problems.check();
  if (!bought || !fleet || !decision || !budget || !report || !nightly) {
    throw new Error('a block was refused and no mistake was noted');
  }
  const plan: Plan = {
    schema: 'assay/plan/1',
    ...(source.file !== '' && { file: basename(source.file) }),
    seed,
    delivery: bought.delivery,
    ...(bought.part !== undefined && { part: bought.part }),
    fleet: fleet.fleet,
    suites: suites.options,
    criteria,
    decision,
    budget: budgetOf(budget),
    report,
    ...(fields['nightly'] !== undefined && { nightly: nightlyOf(nightly) }),
    origins,
    warnings: [...bought.warnings, ...warnings],
  };
  return { plan, runner: fleet.runner, suites: suites.suites };
}

function checkTop(fields: Fields, problems: Problems): void {
  const { assay } = fields;
  if (typeof assay === 'number' && assay > 1) {
    problems.add(
      'PLAN_INVALID',
      ['assay'],
      `this plan is in format ${assay}, and this assay reads format 1`,
      'Use a newer assay, or write the plan in format 1.',
    );
    problems.check();
  }
  const parsed = topSchema.safeParse(fields, { reportInput: true });
  if (parsed.success) return;
  problems.addIssues(
    [],
    toIssues(parsed.error, (path) => schemaKeys(topSchema, path)).map((issue) =>
      issue.path[0] === 'assay' ? { ...issue, hint: 'Begin the plan with `assay: 1`.' } : issue,
    ),
  );
}

function parse<T extends z.ZodObject>(
  schema: T,
  fields: Fields,
  key: string,
  problems: Problems,
  origins: Record<string, string>,
): z.output<T> | undefined {
  const written = fields[key];
  // Its absence, or that it is no map, was told by the top level where it matters.
  if (key === 'delivery' && block(fields, key) === undefined) return undefined;
  const parsed = schema.safeParse(written ?? {}, { reportInput: true });
  if (!parsed.success) {
    problems.addIssues(
      [key],
      toIssues(parsed.error, (path) => schemaKeys(schema, path)),
    );
    return undefined;
  }
  noteOrigins(origins, key, written, parsed.data);
  return parsed.data;
}

function block(fields: Fields, key: string): Fields | undefined {
  const value = fields[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}

/** Scopes as suites' blocks name them, under `scopes`. */
function scopesOf(suites: Plan['suites']): ReadonlySet<string> {
  return new Set(
    suites.flatMap(({ options }) =>
      'scopes' in options && Array.isArray(options.scopes)
        ? options.scopes.filter((scope) => typeof scope === 'string')
        : [],
    ),
  );
}

function silent(problems: Problems): Problems {
  return { ...problems, add: () => undefined };
}

function budgetOf(written: Partial<z.output<typeof budgetSchema>>): Budget {
  const wallTime = written['wall-time'];
  const nodeHours = written['node-hours'];
  return {
    ...(wallTime !== undefined && { wallTime }),
    ...(nodeHours !== undefined && { nodeHours }),
    ...(written.cost !== undefined && { cost: written.cost }),
  };
}

function nightlyOf(block: z.output<typeof nightlySchema>): Nightly {
  const { every, busy, retention, margin, budget, webhook, mirror } = block;
  const { 'webhook-secret': webhookSecret } = block;
  return {
    ...(every !== undefined && { every }),
    ...(busy !== undefined && { busy }),
    ...(retention !== undefined && { retention }),
    ...(margin !== undefined && { margin }),
    ...(budget !== undefined && { budget: budgetOf(budget) }),
    ...(webhook !== undefined && { webhook }),
    ...(webhookSecret !== undefined && { webhookSecret }),
    ...(mirror !== undefined && { mirror }),
  };
}
