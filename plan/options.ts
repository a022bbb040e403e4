/** Option schemas: one zod schema is the check, the type, the defaults and the published JSON Schema. */
import { closest, distance } from 'fastest-levenshtein';
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

/**
 * A share in (0, 1), written as a number or a percentage: 0.001, "0.1 %".
 *
 * @param description what it is a share of, for the published schema
 */
export function shareOption(description: string) {
  return z
    .union([z.string(), z.number()])
    .transform((text, context) => {
      const result = readQuantity(text, '1');
      if ('value' in result && result.value > 0 && result.value < 1) return result.value;
      const problem = 'problem' in result ? result.problem : `${text} is not between 0 and 1`;
      context.addIssue({ code: 'custom', message: `${problem}; write e.g. 0.001 or "0.1 %"` });
      return z.NEVER;
    })
    .meta({ description });
}

/** Turns what zod found into issues with a message and a mend; unknown keys get the nearest valid one. */
export function toIssues(error: z.ZodError, keysAt: (path: readonly PropertyKey[]) => string[]) {
  const issues = error.issues.flatMap((issue): Issue[] => {
    const path = plainPath(issue.path);
    if (issue.code !== 'unrecognized_keys') return [{ path, ...explain(issue) }];
    const valid = keysAt(issue.path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown key "${key}"`,
      hint: nearest(key, valid, 'Valid keys here'),
      unknownKey: true,
    }));
  });
  return issues.filter((issue) => !isMisspelt(issue, issues));
}

/** A missing key whose misspelling is reported beside it is one mistake, not two. */
function isMisspelt(issue: Issue, all: readonly Issue[]): boolean {
  const key = String(issue.path.at(-1));
  if (issue.message !== MISSING) return false;
  return all.some(
    (other) =>
      other.unknownKey === true &&
      other.path.length === issue.path.length &&
      distance(String(other.path.at(-1)), key) <= 2,
  );
}

const MISSING = 'is missing';

/**
 * The hint for a word that is not one of the valid ones.
 *
 * @param label how the list of valid words is introduced, e.g. "Valid keys here"
 */
export function nearest(word: string, valid: readonly string[], label: string): string {
  if (valid.length === 0) return 'Remove it.';
  const shown = valid.length > 24 ? `${valid.slice(0, 24).join(', ')}, …` : valid.join(', ');
  return `Did you mean "${closest(word, valid)}"? ${label}: ${shown}.`;
}

function plainPath(path: readonly PropertyKey[]): (string | number)[] {
  return path.map((key) => (typeof key === 'symbol' ? String(key) : key));
}

function explain(issue: z.core.$ZodIssue): { message: string; hint: string } {
  const absent = 'input' in issue && issue.input === undefined;
  if ((absent && ABSENT.has(issue.code)) || issue.message.endsWith('received undefined')) {
    return { message: MISSING, hint: 'Add it.' };
  }
  // Without `reportInput` zod does not say what it saw.
  if (!('input' in issue)) return { message: issue.message, hint: 'Correct the value.' };
  switch (issue.code) {
    case 'invalid_type':
      return {
        message: `must be ${KINDS[issue.expected] ?? `a ${issue.expected}`}, not ${shown(issue.input)}`,
        hint: 'Correct the value.',
      };
    case 'invalid_value': {
      const words = issue.values.map(String);
      return {
        message: `${shown(issue.input)} is not a value that is known here`,
        hint: nearest(String(issue.input), words, 'Valid values'),
      };
    }
    case 'invalid_union':
      return unionProblem(issue);
    case 'too_small':
      return {
        message: `${shown(issue.input)} is too small`,
        hint: `Write ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${issue.origin === 'array' ? ' entries' : ''}.`,
      };
    case 'too_big':
      return {
        message: `${shown(issue.input)} is too large`,
        hint: `Write ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}.`,
      };
    case 'invalid_format':
      return {
        message: `${shown(issue.input)} is not ${issue.format === 'date' ? 'a date' : `a valid ${issue.format}`}`,
        hint: issue.format === 'date' ? 'Write YYYY-MM-DD.' : 'Correct the value.',
      };
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return { message: issue.message, hint: 'Correct the value.' };
  }
}

const ABSENT: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'invalid_union']);

/** The branch of a union that got furthest says best what is wrong. */
function unionProblem(issue: z.core.$ZodIssueInvalidUnion) {
  const branches = issue.errors.filter((branch) => branch.length > 0);
  const expected = branches.flatMap((branch) =>
    branch.flatMap((one) =>
      one.path.length === 0 && one.code === 'invalid_type'
        ? [KINDS[one.expected] ?? one.expected]
        : [],
    ),
  );
  const deep = branches.find(([first]) => first?.code !== 'invalid_type' || first.path.length > 0);
  if (deep?.[0] !== undefined) {
    const at = deep[0].path.length > 0 ? ` (at ${deep[0].path.map(String).join('.')})` : '';
    return { message: `${deep[0].message}${at}`, hint: 'Correct the value.' };
  }
  const words = [...new Set(expected)].join(' or ');
  return {
    message: `must be ${words || 'another kind of value'}, not ${shown(issue.input)}`,
    hint: 'Correct the value.',
  };
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys',
  record: 'a map of keys',
  array: 'a list',
};

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'nothing';
  if (typeof value === 'object') return 'a map';
  return `"${(typeof value === 'number' ? String(value) : typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 80)}"`;
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
      const result = schema.safeParse(block ?? {}, { reportInput: true });
      if (!result.success) {
        return { issues: toIssues(result.error, (path) => schemaKeys(schema, path)) };
      }
      return { options: result.data, use: () => use(result.data) };
    },
    revive: (options) => ({ use: () => use(options as z.output<S>) }),
  };
}
