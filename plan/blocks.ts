/** Schemas of the plan's own blocks, as YAML spells them; units' blocks have their own in the registries. */
import { z } from 'zod';
import { quantityOption, shareOption } from './options.ts';

/** `sudo -n` or ["sudo", "-n"]: program and arguments, never a shell's text. */
function argvOption(description: string) {
  return z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .transform((prefix) =>
      typeof prefix === 'string' ? prefix.split(/\s+/u).filter((word) => word !== '') : prefix,
    )
    .meta({ description: `${description}: words split at spaces, or a list` });
}

/** What was bought. */
export const deliverySchema = z.strictObject({
  reference: z.string().min(1).meta({ description: 'contract reference' }),
  provider: z.string().min(1).default('own').meta({ description: 'aws, azure, gcp, oci, own, …' }),
  sku: z.string().min(1).meta({ description: 'catalogue id, e.g. h200-sxm' }),
  count: z.int().min(1).optional().meta({ description: 'units bought; absent: the whole fleet' }),
  unit: z.enum(['node', 'slice', 'rack']).default('node'),
  'accelerators-per-node': z.int().min(1).optional(),
  milestone: z.iso.date().optional(),
  'deemed-acceptance': z.iso.date().optional(),
  price: z
    .strictObject({
      'per-node-hour': z.number().min(0),
      currency: z.string().regex(/^[A-Z]{3}$/u, 'a currency has three letters, e.g. USD'),
    })
    .optional(),
});

/** Keys of the fleet block that mean the same for every runner; the rest is the runner's own. */
export const fleetSchema = z.strictObject({
  runner: z.string(),
  minimum: z.int().min(1).optional().meta({ description: 'fewest nodes worth judging' }),
  grace: quantityOption('s').default(1800),
  lease: quantityOption('s').default(600),
  'at-once': z.int().min(1).optional().meta({ description: 'trials under way at once' }),
  python: argvOption('what runs a payload on a node').optional(),
  prepare: z.enum(['install']).optional(),
  become: argvOption('what runs a program as root, e.g. sudo -n').optional(),
  'reference-devices': z
    .int()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'what a machine without accelerators counts as; absent: one, its CPU' }),
  keep: z.enum(['rejected']).optional(),
  'stand-in': z.boolean().optional().meta({ description: 'this fleet stands in for another' }),
  'on-reject': argvOption('program called for each rejected node').optional(),
  'on-accept': argvOption('program called for each accepted node').optional(),
});

const whereValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.int())]);

/** One criterion that the plan writes out. */
export const criterionSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/u, 'an id has letters, digits, ".", "_", "-"'),
  clause: z.string().optional().meta({ description: 'contract clause' }),
  metric: z.string().meta({ description: 'a metric, or the name of a check' }),
  where: z.record(z.string(), whereValue).default({}),
  per: z.enum(['accelerator', 'link', 'node', 'group', 'endpoint', 'lot']),
  'at-least': z.union([z.string(), z.number()]).optional(),
  'at-most': z.union([z.string(), z.number()]).optional(),
  nominal: z.union([z.string(), z.number()]).optional(),
  source: z.string().min(1).optional(),
  mandatory: z.boolean().default(true),
  decide: z.enum(['level', 'tail', 'exact', 'events']).optional(),
  standing: z.enum(['contract', 'sanity']).default('contract'),
});

/** Every floor that the catalogue knows for the delivery's SKU. */
export const catalogueSchema = z.strictObject({
  from: z.literal('catalogue'),
  scopes: z
    .array(z.enum(['node', 'pair', 'rail', 'domain', 'lot']))
    .min(1)
    .optional(),
  mandatory: z.boolean().optional(),
});

/** Risks and rules. */
export const decisionSchema = z.strictObject({
  'consumer-risk': shareOption('P(pass) of a nonconforming subject, at most').default(0.001),
  'producer-risk': shareOption('P(any conforming subject fails), over the lot').default(0.01),
  inconclusive: z.enum(['hold', 'accept', 'reject']).default('hold'),
  nonconforming: z.int().min(0).default(0),
  'max-trials': z.int().min(1).max(10_000).optional(),
  sigma: z
    .union([z.literal('none'), z.record(z.string(), shareOption('relative repeatability'))])
    .optional(),
  sampling: z
    .strictObject({
      accept: shareOption('nonconforming share at which a sampled lot is accepted'),
      reject: shareOption('nonconforming share at which it is rejected'),
    })
    .optional(),
});

/** Caps of a run. */
export const budgetSchema = z.strictObject({
  'wall-time': quantityOption('s').optional(),
  'node-hours': z.number().positive().optional(),
  cost: z.number().positive().optional(),
});

/** What the report leaves out. */
export const reportSchema = z.strictObject({ private: z.array(z.string().min(1)).default([]) });

/** How `assay nightly` samples. */
export const nightlySchema = z.strictObject({
  every: quantityOption('s')
    .optional()
    .meta({ description: 'within which each node and pair class is seen; 7 d' }),
  busy: z
    .union([
      z.literal('skip'),
      z.literal('wait'),
      argvOption('program that gets node names, one a line, and prints those in use'),
    ])
    .optional()
    .meta({ description: 'skip, wait, or a program that names the nodes in use' }),
  retention: quantityOption('s').optional().meta({ description: 'for which raw samples are kept' }),
  margin: shareOption('loss that a confirmation must prove').optional(),
  budget: z
    .strictObject({
      'wall-time': quantityOption('s').optional(),
      'node-hours': z.number().positive().optional(),
    })
    .optional()
    .meta({ description: 'of one night, in place of the plan’s' }),
  webhook: z.string().optional().meta({ description: 'name of the secret with the address' }),
  'webhook-secret': z
    .string()
    .optional()
    .meta({ description: 'name of the secret that signs; with webhook' }),
  mirror: z
    .string()
    .regex(/^s3:\/\/[^/]+/u, 's3://bucket/prefix')
    .optional()
    .meta({ description: 's3://bucket/prefix that the history is kept in step with' }),
});

/** The file itself; blocks are checked one by one, so that all mistakes are told at once. */
export const topSchema = z.strictObject({
  assay: z.literal(1).meta({ description: "version of the plan's format" }),
  seed: z.int().min(0).default(1).meta({ description: 'all randomness of the run' }),
  delivery: z.record(z.string(), z.unknown()),
  fleet: z.record(z.string(), z.unknown()),
  suites: z.record(z.string(), z.unknown()),
  criteria: z.array(z.unknown()).default([]),
  decision: z.unknown().optional(),
  budget: z.unknown().optional(),
  report: z.unknown().optional(),
  nightly: z.unknown().optional(),
});
