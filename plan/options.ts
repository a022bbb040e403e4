/** Option schemas: one zod schema is the check, the type, the defaults and the published JSON Schema. */
import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import type { Configured, Entry, Issue } from './model.ts';
import { readQuantity } from './quantity.ts';

/**
 * A quantity in the plan ("8 GiB", "30 min"), stored as a number in `unit`.
 *
 * @param unit stored unit as plan/quantity.ts knows it
 */
export function quantityOption(unit: string) {
  return z
    .union([z.string(), z.number()])
    .transform((text, context) => {
      const result = readQuantity(text, unit);
      if ('value' in result) return result.value;
      context.addIssue({ code: 'custom', message: result.problem });
      return z.NEVER;
    })
    .meta({ description: `a quantity in ${unit}, e.g. "${EXAMPLES[unit] ?? `1 ${unit}`}"` });
}

const EXAMPLES: Readonly<Record<string, string>> = {
  s: '30 min',
  B: '8 GiB',
  'B/s': '45 GB/s',
  'FLOP/s': '700 TFLOP/s',
};

/** Turns what zod found into issues with a message and a mend; unknown keys get the nearest valid one. */
export function toIssues(error: z.ZodError, keysAt: (path: readonly PropertyKey[]) => string[]) {
  return error.issues.flatMap((issue): Issue[] => {
    const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
    if (issue.code !== 'unrecognized_keys') {
      return [{ path, message: issue.message, hint: 'Correct the value.' }];
    }
    const valid = keysAt(issue.path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown key "${key}"`,
      hint:
        valid.length === 0
          ? 'Remove it.'
          : `Did you mean "${closest(key, valid)}"? Valid keys here: ${valid.join(', ')}.`,
    }));
  });
}

/** Keys that an object schema takes at a path, for hints; empty where there is no object. */
export function schemaKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let here: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  for (const key of path) here = step(here, key);
  const properties = property(here, 'properties');
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

function step(schema: unknown, key: PropertyKey): unknown {
  for (const one of alternatives(schema)) {
    const next =
      typeof key === 'number'
        ? property(one, 'items')
        : (property(property(one, 'properties'), String(key)) ??
          property(one, 'additionalProperties'));
    if (next !== undefined) return next;
  }
  return undefined;
}

function alternatives(schema: unknown): readonly unknown[] {
  const any = property(schema, 'anyOf');
  return Array.isArray(any) ? any : [schema];
}

function property(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

/**
 * A registry line from a zod schema.
 *
 * @param id folder name = the plan's word
 * @param schema strict object schema of the unit's block, defaults included
 * @param use imports the unit and binds the options
 */
export function entry<S extends z.ZodObject, U>(
  id: string,
  schema: S,
  use: (options: z.output<S>) => Promise<U>,
): Entry<U> {
  return {
    id,
    schema: () => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
    configure(block): Configured<U> {
      const result = schema.safeParse(block ?? {});
      if (!result.success) {
        return { issues: toIssues(result.error, (path) => schemaKeys(schema, path)) };
      }
      return { options: result.data, use: () => use(result.data) };
    },
    revive: (options) => ({ use: () => use(options as z.output<S>) }),
  };
}
