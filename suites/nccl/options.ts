/** The suite's block of the plan. */
import { z } from 'zod';
import { NCCL_PROFILES, NETWORKS } from '../../plan/catalogue/nccl-profiles.ts';
import { quantityOption } from '../../plan/options.ts';
import { COLLECTIVES } from './collectives.ts';
import { KNOB_NAMES } from './knob-names.ts';

const bytes = quantityOption('B').pipe(z.number().int().positive());

const sizes = z.union([
  z.array(bytes).nonempty(),
  z.strictObject({ from: bytes, to: bytes, factor: z.number().int().min(2).default(2) }),
]);

export const schema = z.strictObject({
  collectives: z
    .array(z.enum(COLLECTIVES))
    .nonempty()
    .default(['all_reduce', 'alltoall'])
    .meta({ description: 'each is a case of its own in every scope' }),
  sizes: sizes.optional().meta({
    description:
      'a list, or {from, to, factor}; left out: 8 B, 1 MiB, 1 GiB and 16 GiB, on a CPU 64 KiB and 4 MiB',
  }),
  scopes: z
    .array(z.enum(['node', 'pair', 'rail', 'domain', 'lot']))
    .nonempty()
    .default(['node', 'pair'])
    .meta({
      description:
        'in a node, between two, between two on each rail by itself (all rails at once), in each domain, over the whole lot',
    }),
  dtype: z.enum(['fp32', 'fp16', 'bf16', 'fp64', 'int8', 'int32', 'int64']).default('fp32'),
  iterations: z.number().int().min(1).max(10_000).default(20),
  'warm-up': z.number().int().min(0).max(10_000).default(5),
  driver: z.enum(['torch', 'nccl-tests']).default('torch').meta({
    description: 'our payload, or nccl-tests under mpirun (on Slurm: srun), installed on the nodes',
  }),
  binaries: z.string().optional().meta({ description: 'folder of the nccl-tests programs' }),
  library: z.enum(['auto', 'nccl', 'gloo', 'xla']).default('auto').meta({
    description:
      'auto: nccl on GPUs, gloo on CPUs, xla (through JAX) on TPUs; xla runs on CPUs too, as reference devices',
  }),
  mesh: z.array(z.int().min(2).max(4096)).min(2).max(4).optional().meta({
    description:
      'xla: how the ranks of a scope lie, e.g. [4, 8]; each collective runs over all of them and along each axis',
  }),
  profile: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]*$/u)
    .optional()
    .meta({
      description: `name of the settings in force; known ones set their variables and claim their network (${Object.keys(NCCL_PROFILES).join(', ')}); differing profiles are never pooled`,
    }),
  environment: z
    .record(z.string().regex(/^[A-Z][A-Z0-9_]*$/u), z.string())
    .default({})
    .meta({ description: 'variables for every rank, e.g. NCCL_IB_HCA' }),
  transport: z
    .enum(NETWORKS)
    .optional()
    .meta({ description: 'what the plan claims is used between nodes: anything else fails' }),
  prove: z.boolean().optional().meta({
    description:
      'an untimed twin of each scope whose log shows the network, GDR, NVLS, SHARP; left out: where the plan claims a transport, nvls or a profile',
  }),
  nvls: z
    .boolean()
    .optional()
    .meta({ description: 'NVLink SHARP; left out: as the library likes' }),
  knobs: z
    .array(z.enum(KNOB_NAMES))
    .default([])
    .meta({ description: 'run with and without, in pairs, for what each setting changes' }),
  'rail-interfaces': z
    .array(z.string().regex(/^[A-Za-z0-9_.-]{1,15}$/u))
    .nonempty()
    .optional()
    .meta({
      description: 'on CPUs: the interface of each rail, in order; GPUs take the NIC next to them',
    }),
  'full-sweep': z
    .boolean()
    .default(false)
    .meta({ description: 'all N − 1 rounds of pairs, for faults of one pair alone' }),
});

export type Options = z.output<typeof schema>;
