/** The `matmul` block of the plan. */
import { z } from 'zod';
import { quantityOption } from '../../plan/options.ts';
import { ABOUT_LIBRARY, LIBRARIES } from '../payloads.ts';

/** Element types; which of them a device has is asked on the node. */
const DTYPES = ['bf16', 'fp16', 'tf32', 'fp32', 'fp8', 'fp64', 'int8'] as const;

/** Element type of a product's inputs. */
export type Dtype = (typeof DTYPES)[number];

const side = z.int().min(16).max(131072);

/** Side of a square product, or [m, k, n]: (m × k)·(k × n). */
const shape = z.union([side, z.tuple([side, side, side])]);

/** One product's sides. */
export type Shape = z.output<typeof shape>;

/** Lead to the device's best on most parts: large, and multiples of every tile. */
const SEARCHED: readonly Shape[] = [
  4096,
  8192,
  [8192, 8192, 16384],
  [16384, 8192, 8192],
  [16384, 8192, 28672],
];

/** Schema of the block; `auto` is resolved by the devices that are found. */
export const schema = z.strictObject({
  library: z.enum(LIBRARIES).default('auto').describe(ABOUT_LIBRARY),
  dtypes: z
    .union([z.literal('auto'), z.array(z.enum(DTYPES)).min(1)])
    .default('auto')
    .describe('auto: bf16, and fp8 where the part has it (a TPU: int8 too); fp32 on a CPU'),
  shapes: z
    .union([z.literal('auto'), z.array(shape).min(1)])
    .default('auto')
    .describe('m × k × n, or one number for a square; auto: 8192 (512 on a CPU)'),
  search: z
    .union([z.boolean(), z.array(shape).min(2)])
    .transform((value) => (value === true ? [...SEARCHED] : value === false ? [] : value))
    .default([])
    .describe("the device's maximum over these shapes, beside the fixed ones"),
  devices: z
    .array(z.enum(['all', 'one']))
    .min(1)
    .default(['all'])
    .describe('all of a node at once, one after the other, or both'),
  settle: quantityOption('s').default(20).describe('longest wait for a steady rate'),
  window: quantityOption('s').default(10).describe('length of the sustained measurement'),
  soak: quantityOption('s').default(0).describe('load this long, last against first; 0 s: none'),
  'memory-bytes': z
    .union([z.literal('auto'), quantityOption('B')])
    .default('auto')
    .describe('buffer of the memory copy; auto: 8 GiB (2 GiB on a TPU, 256 MiB on a CPU)'),
  'transfer-bytes': quantityOption('B')
    .default(2 ** 30)
    .describe('buffer of the host copies (GPU only)'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1)
    .describe('of the inputs; equal seeds, equal digests'),
});

/** The block with its defaults. */
export type Options = z.output<typeof schema>;
