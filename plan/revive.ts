/** A Plan again from a run's plan.json. */
import { z } from 'zod';
import { HarnessError } from './errors.ts';
import type { Plan } from './model.ts';

const sourced = z.looseObject({ value: z.number(), source: z.string().min(1) });
const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** What every reader of plan.json leans on; options of units stay their own. */
const planFile = z.looseObject({
  schema: z.literal('assay/plan/1'),
  seed: z.int().min(0),
  delivery: z.looseObject({
    reference: z.string(),
    provider: z.string(),
    sku: z.string(),
    unit: z.enum(['node', 'slice', 'rack']),
    acceleratorsPerNode: z.int().min(1),
  }),
  fleet: z.looseObject({
    runner: z.string(),
    options: z.looseObject({}),
    grace: z.number(),
    lease: z.number(),
  }),
  suites: z.array(z.looseObject({ id: z.string(), options: z.looseObject({}) })),
  criteria: z.array(
    z.looseObject({
      id: z.string(),
      metric: z.string(),
      where: parameters,
      per: z.enum(['accelerator', 'link', 'node', 'group', 'endpoint', 'lot']),
      mandatory: z.boolean(),
      decide: z.enum(['level', 'tail', 'exact', 'events']),
      standing: z.enum(['contract', 'catalogue', 'sanity']),
      bound: z.enum(['at-least', 'at-most']),
      limit: sourced,
      nominal: sourced.optional(),
      fixed: z.enum(['before', 'after']),
    }),
  ),
  decision: z.looseObject({
    consumerRisk: z.number().gt(0).lt(1),
    producerRisk: z.number().gt(0).lt(1),
    inconclusive: z.enum(['hold', 'accept', 'reject']),
    nonconforming: z.int().min(0),
  }),
  budget: z.looseObject({}),
  report: z.looseObject({ private: z.array(z.string()) }),
  origins: z.record(z.string(), z.string()),
  warnings: z.array(z.string()),
});

/**
 * Checks what plan.json says, as far as everything after it leans on it.
 *
 * @param json the parsed file
 * @throws {HarnessError} RUN_SCHEMA_NEWER for a later format, RUN_UNREADABLE for a broken one
 */
export function revivePlan(json: unknown): Plan {
  const schema =
    typeof json === 'object' && json !== null && 'schema' in json ? json.schema : undefined;
  const major = /^assay\/plan\/(\d+)$/u.exec(typeof schema === 'string' ? schema : '')?.[1];
  if (major !== undefined && Number(major) > 1) {
    throw new HarnessError(
      'RUN_SCHEMA_NEWER',
      `plan.json is in format ${major}; this assay reads 1`,
      {
        hint: 'Use the assay that wrote this run, or a newer one.',
      },
    );
  }
  const parsed = planFile.safeParse(json);
  if (parsed.success) return json as Plan;
  const first = parsed.error.issues[0];
  const at =
    first === undefined || first.path.length === 0 ? '' : ` at ${first.path.map(String).join('.')}`;
  throw new HarnessError(
    'RUN_UNREADABLE',
    `plan.json can't be read${at}: ${first?.message ?? ''}`,
    {
      hint: 'The file was changed or cut off; take the run directory from its sealed copy.',
    },
  );
}
