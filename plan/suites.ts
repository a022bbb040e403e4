/** The plan's suites block: each suite's own schema, then what all of them can measure. */
import type { Measurable } from './criterion.ts';
import type { Entry } from './model.ts';
import { nearest } from './options.ts';
import { noteOrigins } from './origins.ts';
import type { Problems } from './problems.ts';

/** What the loader needs to know of a suite. */
export interface PlannedSuite {
  readonly id: string;
  readonly metrics: readonly {
    readonly id: string;
    readonly unit: string;
    readonly better: 'higher' | 'lower';
  }[];
  readonly checks: readonly string[];
}

/** Suites that were configured, and those that were named in vain. */
export interface ResolvedSuites<S> {
  readonly suites: readonly S[];
  readonly options: readonly { readonly id: string; readonly options: object }[];
  readonly broken: ReadonlySet<string>;
}

/** Configures and imports each suite that the plan names, in the registry's order. */
export async function resolveSuites<S extends PlannedSuite>(
  block: Readonly<Record<string, unknown>>,
  registry: readonly Entry<S>[],
  problems: Problems,
  origins: Record<string, string>,
): Promise<ResolvedSuites<S>> {
  const known = registry.map((entry) => entry.id);
  const broken = new Set<string>();
  for (const id of Object.keys(block).filter((name) => !known.includes(name))) {
    problems.add(
      'PLAN_UNKNOWN_KEY',
      ['suites', id],
      `unknown suite "${id}"`,
      nearest(id, known, 'Suites'),
    );
    broken.add(id);
  }
  if (Object.keys(block).length === 0) {
    problems.add(
      'PLAN_INVALID',
      ['suites'],
      'names no suite: nothing would be measured',
      nearest('matmul', known, 'Suites'),
    );
  }
  const suites: S[] = [];
  const options: { id: string; options: object }[] = [];
  for (const entry of registry.filter((one) => Object.hasOwn(block, one.id))) {
    const written = block[entry.id];
    const result = entry.configure(written);
    if ('issues' in result) {
      problems.addIssues(['suites', entry.id], result.issues);
      broken.add(entry.id);
      continue;
    }
    noteOrigins(origins, `suites.${entry.id}`, written, { ...result.options });
    options.push({ id: entry.id, options: result.options });
    suites.push(await result.use());
  }
  return { suites, options, broken };
}

/** All that criteria may name. */
export function measurable(
  suites: readonly PlannedSuite[],
  broken: ReadonlySet<string>,
): Measurable {
  return {
    metrics: new Map(suites.flatMap((suite) => suite.metrics.map((metric) => [metric.id, metric]))),
    checks: new Set(suites.flatMap((suite) => suite.checks)),
    unknown: broken,
  };
}
