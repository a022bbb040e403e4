/** The plan's JSON Schema, for editors and `assay schema`. */
import { z } from 'zod';
import {
  budgetSchema,
  catalogueSchema,
  criterionSchema,
  decisionSchema,
  deliverySchema,
  fleetSchema,
  nightlySchema,
  reportSchema,
} from './blocks.ts';
import type { Entry } from './model.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * JSON Schema (2020-12) of a plan file, units included.
 *
 * @param registries every runner and suite; only their schemas are asked for
 */
export function planSchema(registries: {
  readonly runners: readonly Entry<unknown>[];
  readonly suites: readonly Entry<unknown>[];
}): object {
  const common = properties(published(fleetSchema));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'assay/plan/1',
    title: 'A plan of assay',
    type: 'object',
    required: ['assay', 'delivery', 'fleet', 'suites'],
    additionalProperties: false,
    properties: {
      assay: { const: 1, description: "version of the plan's format" },
      seed: { type: 'integer', minimum: 0, default: 1, description: 'all randomness of the run' },
      delivery: published(deliverySchema),
      fleet: {
        oneOf: registries.runners.map((entry) => {
          const own = entry.schema() as Fields;
          const required = Array.isArray(own['required']) ? (own['required'] as unknown[]) : [];
          return {
            ...own,
            required: ['runner', ...required],
            properties: { ...properties(own), ...common, runner: { const: entry.id } },
          };
        }),
      },
      suites: {
        type: 'object',
        minProperties: 1,
        additionalProperties: false,
        properties: Object.fromEntries(
          registries.suites.map((entry) => [
            entry.id,
            { anyOf: [entry.schema(), { type: 'null' }] },
          ]),
        ),
      },
      criteria: {
        type: 'array',
        items: { anyOf: [published(criterionSchema), published(catalogueSchema)] },
      },
      decision: published(decisionSchema),
      budget: published(budgetSchema),
      report: published(reportSchema),
      nightly: published(nightlySchema),
    },
  };
}

function published(schema: z.ZodType): Fields {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

function properties(schema: Fields): Fields {
  return (schema['properties'] ?? {}) as Fields;
}
