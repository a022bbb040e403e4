/** The plan's criteria: those it writes out, and the catalogue's floors where it asks for them. */
import { catalogueSchema, criterionSchema } from './blocks.ts';
import { datasheetOf } from './catalogue/datasheet.ts';
import { floorCriterion } from './catalogue/floor.ts';
import { floorsOf } from './catalogue/floors.ts';
import { NO_SOURCE, resolveCriterion } from './criterion.ts';
import type { Measurable } from './criterion.ts';
import type { Criterion, Delivery, Parameters, Part } from './model.ts';
import { schemaKeys, toIssues } from './options.ts';
import { noteOrigins } from './origins.ts';
import type { Path } from './document.ts';
import type { Problems } from './problems.ts';

/** What criteria are resolved against. */
export interface CriteriaSetting {
  readonly delivery: Delivery | undefined;
  readonly part: Part | undefined;
  readonly measurable: Measurable;
  /** Scopes wider than a node that some suite is asked to measure. */
  readonly scopes: ReadonlySet<string>;
}

interface Resolved {
  readonly criteria: readonly Criterion[];
  readonly warnings: readonly string[];
}

/** Resolves every entry; ids are unique over the written and the expanded ones. */
export function resolveCriteria(
  entries: readonly unknown[],
  setting: CriteriaSetting,
  problems: Problems,
  origins: Record<string, string>,
): Resolved {
  const criteria: Criterion[] = [];
  const warnings: string[] = [];
  const places = new Map<string, Path>();
  for (const [index, entry] of entries.entries()) {
    const at: Path = ['criteria', index];
    const fromCatalogue = typeof entry === 'object' && entry !== null && 'from' in entry;
    const some = fromCatalogue
      ? expand(entry, at, setting, problems, warnings, origins)
      : written(entry, at, setting, problems, origins);
    for (const criterion of some) {
      const earlier = places.get(criterion.id);
      if (earlier === undefined) {
        places.set(criterion.id, at);
        criteria.push(criterion);
        continue;
      }
      problems.add(
        'CRITERION_INVALID',
        fromCatalogue ? at : [...at, 'id'],
        `"${criterion.id}" stands already in criteria[${earlier[1] ?? 0}]`,
        'Give each criterion an id of its own.',
      );
    }
  }
  return { criteria, warnings };
}

function written(
  entry: unknown,
  at: Path,
  { measurable, part }: CriteriaSetting,
  problems: Problems,
  origins: Record<string, string>,
): readonly Criterion[] {
  const parsed = criterionSchema.safeParse(entry, { reportInput: true });
  if (!parsed.success) {
    problems.addIssues(
      at,
      toIssues(parsed.error, (path) => schemaKeys(criterionSchema, path)),
    );
    return [];
  }
  const datasheet = (metric: string, where: Parameters) => {
    const figure = part && datasheetOf(part, metric, where);
    return figure && `${figure.value / 1e12} T${unitOf(measurable, metric)} (${figure.source})`;
  };
  const criterion = resolveCriterion(parsed.data, at, { ...measurable, datasheet }, problems);
  if (criterion === undefined) return [];
  const { mandatory, standing, decide, where } = criterion;
  noteOrigins(origins, `criteria.${criterion.id}`, entry, { mandatory, standing, decide, where });
  if (criterion.limit.source === NO_SOURCE) origins[`criteria.${criterion.id}.source`] = 'default';
  return [criterion];
}

function unitOf({ metrics }: Measurable, metric: string): string {
  return metrics.get(metric)?.unit ?? '';
}

function expand(
  entry: object,
  at: Path,
  { delivery, part, measurable, scopes: configured }: CriteriaSetting,
  problems: Problems,
  warnings: string[],
  origins: Record<string, string>,
): readonly Criterion[] {
  const parsed = catalogueSchema.safeParse(entry, { reportInput: true });
  if (!parsed.success) {
    problems.addIssues(
      at,
      toIssues(parsed.error, (path) => schemaKeys(catalogueSchema, path)),
    );
    return [];
  }
  if (delivery === undefined) return [];
  if (part === undefined) {
    warnings.push(`criteria[${at[1] ?? 0}]: the catalogue has no floors for ${delivery.sku}.`);
    return [];
  }
  const known = floorsOf(part.sku, delivery.provider, delivery.acceleratorsPerNode);
  if (known.length === 0) {
    warnings.push(`criteria[${at[1] ?? 0}]: the catalogue has no floors for ${part.sku}.`);
  }
  const asked = parsed.data.scopes;
  // One node has no pairs and no groups to judge.
  const alone = delivery.count === 1 && delivery.unit === 'node';
  const floors = known.filter(
    ({ scope }) => asked?.includes(scope) ?? (scope === 'node' || !alone),
  );
  return floors.flatMap((floor) => {
    if (floor.scope !== 'node' && asked === undefined && !configured.has(floor.scope)) {
      warnings.push(
        `The catalogue's floor ${floor.id} is not judged: no suite is asked for scope ${floor.scope}.`,
      );
      return [];
    }
    if (!measurable.metrics.has(floor.metric) && !measurable.checks.has(floor.metric)) {
      const suite = floor.metric.split('.')[0] ?? '';
      if (!measurable.unknown.has(suite)) {
        warnings.push(
          `The catalogue's floor ${floor.id} is not judged: no suite gives ${floor.metric}.`,
        );
      }
      return [];
    }
    const criterion = floorCriterion(floor, parsed.data.mandatory);
    origins[`criteria.${criterion.id}`] = `catalogue: ${criterion.limit.source}`;
    return [criterion];
  });
}
