/** A plan for a stand-in, changed: another endpoint, attach in place of provision, fewer suites. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

type Block = Record<string, unknown>;

/** What is changed in fixtures/plans/NAME-standin.yaml. */
export interface Changes {
  /** Merged into the fleet block; undefined takes a key out. */
  readonly fleet?: Readonly<Record<string, unknown>>;
  /** Merged into the fleet's provision block. */
  readonly provision?: Readonly<Record<string, unknown>>;
  /** Only these suites, with the criteria of their metrics. */
  readonly suites?: readonly string[];
  readonly count?: number;
}

/** Writes the changed plan into a folder. @returns its path */
export async function standInPlan(
  name: string,
  folder: string,
  changes: Changes = {},
): Promise<string> {
  const source = new URL(`../fixtures/plans/${name}-standin.yaml`, import.meta.url);
  const plan = parse(await readFile(fileURLToPath(source), 'utf8')) as {
    fleet: Block;
    suites: Block;
    delivery: Block;
    criteria: { metric: string }[];
  };
  const { suites, count } = changes;
  const provision = plan.fleet['provision'] as Block | undefined;
  if (provision !== undefined) Object.assign(provision, changes.provision);
  for (const [key, value] of Object.entries(changes.fleet ?? {})) {
    if (value === undefined) delete plan.fleet[key];
    else plan.fleet[key] = value;
  }
  if (count !== undefined) plan.delivery['count'] = count;
  if (suites !== undefined) {
    plan.suites = Object.fromEntries(
      Object.entries(plan.suites).filter(([suite]) => suites.includes(suite)),
    );
    plan.criteria = plan.criteria.filter(({ metric }) =>
      suites.includes(metric.split('.')[0] ?? ''),
    );
  }
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, stringify(plan));
  return file;
}
