/** The plan's fleet block: common keys are taken out, the rest belongs to the runner. */
import type { z } from 'zod';
import { fleetSchema } from './blocks.ts';
import type { Entry, FleetOptions } from './model.ts';
import { nearest, schemaKeys, toIssues } from './options.ts';
import { noteOrigins } from './origins.ts';
import type { Problems } from './problems.ts';

type Fields = Readonly<Record<string, unknown>>;
const COMMON = Object.keys(fleetSchema.shape);

/** A fleet block that its runner accepts. */
export interface ResolvedFleet<R> {
  readonly fleet: FleetOptions;
  readonly runner: { use(): Promise<R> };
}

/** Splits the block, and checks each half by its own schema. */
export function resolveFleet<R>(
  block: Fields,
  runners: readonly Entry<R>[],
  problems: Problems,
  origins: Record<string, string>,
): ResolvedFleet<R> | undefined {
  const common = Object.fromEntries(Object.entries(block).filter(([key]) => COMMON.includes(key)));
  const parsed = fleetSchema.safeParse(common, { reportInput: true });
  if (!parsed.success) {
    problems.addIssues(
      ['fleet'],
      toIssues(parsed.error, (path) => schemaKeys(fleetSchema, path)),
    );
  }
  if (typeof block['runner'] !== 'string') return undefined;
  const entry = runners.find((one) => one.id === block['runner']);
  if (entry === undefined) {
    problems.add(
      'PLAN_INVALID',
      ['fleet', 'runner'],
      `unknown runner "${block['runner']}"`,
      nearest(
        block['runner'],
        runners.map((one) => one.id),
        'Runners',
      ),
    );
    return undefined;
  }
  const own = configured(entry, block, problems);
  if (!parsed.success || own === undefined) return undefined;
  noteOrigins(origins, 'fleet', block, { ...own.options, ...parsed.data });
  return { fleet: { ...commonOptions(parsed.data), options: own.options }, runner: own };
}

/** A common key that the runner's schema names too is handed on as well. */
function configured<R>(entry: Entry<R>, block: Fields, problems: Problems) {
  const schema = entry.schema() as { readonly properties?: Fields };
  const keys = Object.keys(schema.properties ?? {});
  const own = Object.fromEntries(
    Object.entries(block).filter(([key]) => !COMMON.includes(key) || keys.includes(key)),
  );
  const result = entry.configure(own);
  if (!('issues' in result)) return result;
  const valid = [...new Set([...COMMON, ...keys])];
  problems.addIssues(
    ['fleet'],
    result.issues.map((issue) =>
      issue.unknownKey === true && issue.path.length === 1
        ? { ...issue, hint: nearest(String(issue.path[0]), valid, 'Valid keys here') }
        : issue,
    ),
  );
  return undefined;
}

function commonOptions(block: z.output<typeof fleetSchema>): Omit<FleetOptions, 'options'> {
  return {
    runner: block.runner,
    grace: block.grace,
    lease: block.lease,
    ...(block.minimum !== undefined && { minimum: block.minimum }),
    ...(block['at-once'] !== undefined && { atOnce: block['at-once'] }),
    ...(block.python !== undefined && { python: block.python }),
    ...(block.prepare !== undefined && { prepare: block.prepare }),
    ...(block.become !== undefined && { become: block.become }),
    ...(block['reference-devices'] !== undefined && {
      referenceDevices: block['reference-devices'],
    }),
    ...(block.keep !== undefined && { keep: block.keep }),
    ...(block['stand-in'] === true && { standIn: true as const }),
    ...(block['on-reject'] !== undefined && { onReject: block['on-reject'] }),
    ...(block['on-accept'] !== undefined && { onAccept: block['on-accept'] }),
  };
}
