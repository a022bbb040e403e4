/** The sim runner's block of the plan: how many nodes, what they truly are, and what is broken. */
import { z } from 'zod';
import { quantityOption, shareOption } from '../../plan/options.ts';
import { readQuantity } from '../../plan/quantity.ts';

/** Units that a value may be in; each spelling belongs to one. */
const UNITS = ['FLOP/s', 'B/s', 'tok/s', 's', 'W', '1'] as const;

const anyQuantity = z.union([z.string(), z.number()]).transform((text, context) => {
  for (const unit of UNITS) {
    const result = readQuantity(text, unit);
    if ('value' in result) return result.value;
  }
  context.addIssue({
    code: 'custom',
    message: `"${text}" is a quantity in none of ${UNITS.join(', ')}`,
  });
  return z.NEVER;
});

const none = shareOption('relative spread').or(z.literal(0));
const tails = z.enum(['normal', 't4', 'skewed']);
const spreads = { between: none.optional(), within: none.optional(), tails: tails.optional() };

/** What can be wrong with a node. */
const FAULTS = [
  'slow',
  'slow-lot',
  'thermal',
  'bad-link',
  'bad-leaf',
  'slow-network',
  'nic-half-width',
  'socket-fallback',
  'noisy-neighbour',
  'wrong-result',
  'flipped-digest',
  'row-remap',
  'xid',
  'missing-metric',
  'missing-accelerator',
  'stale-driver',
  'forged-output',
  'truncated',
  'crash',
  'hang',
  'flapping',
  'dead',
  'missing',
] as const;

const fault = z.strictObject({
  kind: z.enum(FAULTS),
  nodes: z
    .array(z.string())
    .optional()
    .meta({ description: 'node ids; for bad-link the two ends; bad-leaf takes `leaf`' }),
  rack: z.string().optional(),
  leaf: z.string().optional(),
  count: z.int().min(1).optional().meta({ description: 'so many, drawn by the seed' }),
  accelerator: z.int().min(0).optional().meta({ description: 'index; absent: all of the node' }),
  rail: z.int().min(0).optional().meta({ description: 'of slow-network; absent: all rails' }),
  by: shareOption('of its speed that is lost').optional(),
  metric: z.string().optional().meta({ description: 'metric or its beginning; absent: all' }),
  rate: shareOption('of the attempts that it shows in').optional(),
  after: z.int().min(0).optional().meta({ description: 'trials of a case before it begins' }),
});

export const simOptions = z.strictObject({
  nodes: z.int().min(1).max(100_000).default(4),
  sku: z.string().default('h200-sxm').meta({ description: 'part that the nodes truly have' }),
  accelerators: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'a node; absent: as the part' }),
  model: z.string().optional().meta({ description: 'as the driver prints it' }),
  'rack-size': z.int().min(1).default(8),
  'leaf-size': z.int().min(1).default(32),
  'slice-size': z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'hosts of a TPU slice; absent: none' }),
  nics: z.int().min(0).default(8),
  'nic-rate': quantityOption('B/s').prefault('400 Gb/s'),
  /** First number of the serials: another delivery's nodes are other machines. */
  serial: z
    .strictObject({ prefix: z.string().default('SIM'), first: z.int().min(0).default(1) })
    .prefault({}),
  machines: z
    .array(
      z.strictObject({
        node: z.string(),
        serial: z.string().min(1).optional(),
        name: z.string().min(1).optional().meta({ description: 'host name' }),
      }),
    )
    .default([])
    .meta({ description: 'nodes that are another machine, or have another name, than by number' }),
  truth: z
    .strictObject({
      seed: z.int().min(0).optional().meta({
        description: 'of what the parts are; absent: the run’s. Runs on the same machines share it',
      }),
      between: none.default(0.01).meta({ description: 'spread between parts' }),
      within: none.default(0.005).meta({ description: 'spread between trials of one part' }),
      tails: tails.default('normal'),
      rack: none.default(0),
      leaf: none.default(0),
      drift: none
        .default(0)
        .meta({ description: 'speed lost from one trial of a case to the next' }),
      correlation: z.number().min(0).max(1).default(0.3).meta({
        description: 'of one part’s metrics with each other',
      }),
      metrics: z.record(z.string(), z.strictObject(spreads)).default({}),
    })
    .prefault({}),
  values: z
    .array(
      z.strictObject({
        metric: z.string(),
        where: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
        value: anyQuantity,
      }),
    )
    .default([])
    .meta({
      description: 'what good parts truly do, instead of a share of the datasheet; first match',
    }),
  faults: z.array(fault).default([]),
  durations: z
    .record(z.string(), quantityOption('s'))
    .default({})
    .meta({ description: 'case or its beginning → how long a trial takes' }),
});

export type SimOptions = z.output<typeof simOptions>;
export type Fault = SimOptions['faults'][number];
