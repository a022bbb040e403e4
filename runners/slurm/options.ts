/** The plan's block of the slurm runner. */
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import { quantityOption, shareOption } from '../../plan/options.ts';
import { expandHosts } from '../ssh/hostlist.ts';
import { readConstraint } from './constraint.ts';

/** A name as Slurm takes it on a command line: no separators, no leading dash. */
const word = z.string().regex(/^[A-Za-z0-9_.@][A-Za-z0-9_.@+-]*$/u);

const nodeList = z.string().superRefine((text, context) => {
  try {
    expandHosts(text);
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const constraint = z.string().superRefine((text, context) => {
  const read = readConstraint(text);
  if ('problem' in read) context.addIssue({ code: 'custom', message: read.problem });
});

const seconds = (least: number) => quantityOption('s').pipe(z.number().min(least));

export const slurmOptions = z.strictObject({
  mode: z.enum(['hold', 'opportunistic']).default('hold').meta({
    description:
      'hold: one job keeps the nodes for the run; opportunistic: a job a round on idle nodes',
  }),
  partition: word.optional(),
  nodes: nodeList.optional().meta({
    description: 'a list such as "gpu[001-512]"; left out: all of the partition or reservation',
  }),
  reservation: word.optional(),
  account: word.optional(),
  qos: word.optional(),
  nice: z.number().int().min(0).max(2_147_483_644).optional(),
  constraint: constraint
    .optional()
    .meta({ description: 'node features, joined by & or |: only nodes that have them' }),
  job: z
    .union([z.literal('none'), z.string().regex(/^\d+$/u)])
    .optional()
    .meta({
      description:
        'run inside this job; left out: inside the one of SLURM_JOB_ID, where there is one; "none": always make one',
    }),
  'time-limit': seconds(60).optional().meta({
    description:
      "of the jobs that we make; left out: 8 h (opportunistic: 1 h), or the partition's where that is less",
  }),
  'queue-wait': seconds(0).default(3600).meta({
    description: 'how long a job of ours may stay pending, e.g. "1 h"; then what is idle is taken',
  }),
  poll: seconds(0.2).default(10),
  linger: seconds(0.2).default(15).meta({
    description: 'opportunistic: nodes that have been unused for so long go back',
  }),
  'steps-at-once': z.number().int().min(1).max(1000).default(32),
  'fabric-address': z.string().optional().meta({
    description: 'where ranks meet, from the node name: "{host}-ib0"; left out: NodeAddr',
  }),
  'shared-folder': z.string().startsWith('/').optional().meta({
    description: 'a folder that all nodes share: payloads go there once, not to each node',
  }),
  domains: z
    .partialRecord(z.enum(['rack', 'block', 'power', 'slice', 'nvlink']), z.string().min(1))
    .default({})
    .meta({ description: 'node features that name a part, by their prefix: {rack: "rack-"}' }),
  container: z
    .strictObject({
      image: z.string().regex(/^[^-\s][^\s]*$/u),
      via: z.enum(['pyxis', 'apptainer']).default('pyxis'),
      mounts: z.array(z.string().regex(/^[^-\s][^\s]*$/u)).default([]),
    })
    .optional(),
  mpi: word.default('pmix').meta({ description: 'srun --mpi= for nccl-tests' }),
  drain: z
    .strictObject({
      mode: z.enum(['dry-run', 'apply']).default('dry-run'),
      most: shareOption('nodes that may be drained, of those judged; more: none is').default(0.1),
    })
    .optional()
    .meta({ description: 'rejected nodes are drained; left out: nothing is' }),
});

/** The block with its defaults. */
export type SlurmOptions = z.output<typeof slurmOptions>;
