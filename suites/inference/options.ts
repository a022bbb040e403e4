/** The `inference` block of the plan. */
import { z } from 'zod';
import { quantityOption } from '../../plan/options.ts';
import { ABOUT_LIBRARY, LIBRARIES } from '../payloads.ts';
import { modelShape } from './model-shape.ts';
import { checkServing, serving } from './serving-options.ts';

/** Element types of weights and cache. */
export const DTYPES = ['bf16', 'fp16', 'fp32'] as const;

const count = (most: number) => z.int().min(1).max(most);

/** A number, or by the devices that are found: the second figure is a CPU's. */
const byDevice = (most: number, about: string) =>
  z
    .union([z.literal('auto'), count(most)])
    .default('auto')
    .describe(about);

/** Schema of the block; `auto` is resolved by the devices that are found. */
export const schema = z
  .strictObject({
    mode: z
      .enum(['offline', 'server', 'endpoint'])
      .default('offline')
      .describe(
        'offline: prefill and decode of random weights, on the node; server: start a server on each node and load it; endpoint: load a server that runs',
      ),
    serving: serving
      .exactOptional()
      .describe('for mode server and endpoint: what is loaded, and how'),
    library: z.enum(LIBRARIES).default('auto').describe(ABOUT_LIBRARY),
    model: z
      .union([z.literal('auto'), z.enum(['llm-1b', 'llm-8b', 'llm-70b', 'small']), modelShape])
      .default('auto')
      .describe('a preset, or a shape of your own; auto: llm-8b, on a TPU llm-1b, small on a CPU'),
    tp: z
      .union([z.literal('auto'), count(72)])
      .default('auto')
      .describe('devices that share one replica; auto: 1, for llm-70b all of a node'),
    dtype: z
      .union([z.literal('auto'), z.enum(DTYPES)])
      .default('auto')
      .describe('auto: bf16 (fp32)'),
    context: byDevice(2 ** 20, 'tokens of each prompt; auto: 2048 (32)'),
    generate: byDevice(2 ** 16, 'tokens decoded behind each prompt; auto: 128 (16)'),
    batch: byDevice(2 ** 14, 'sequences decoded together; auto: 64, on a TPU 32 (4)'),
    'prefill-batch': byDevice(2 ** 12, 'prompts read together; auto: 8, on a TPU 4 (2)'),
    settle: quantityOption('s').default(20).describe('longest wait for a steady rate'),
    window: quantityOption('s').default(10).describe('length of each measurement'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31)
      .default(1)
      .describe('of weights and prompts; equal seeds, equal tokens'),
  })
  .superRefine(checkServing);

/** The block with its defaults. */
export type Options = z.output<typeof schema>;
