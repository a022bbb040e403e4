/** The transformers that are measured: shapes only, the weights are random. */
import { z } from 'zod';

const count = (most: number) => z.int().min(1).max(most);

/** A model's shape as the plan may write it out. */
export const modelShape = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/u)
      .describe('what reports call it'),
    layers: count(1000),
    width: count(2 ** 17),
    heads: count(1024),
    'kv-heads': count(1024),
    ffn: count(2 ** 19),
    vocab: count(2 ** 20),
  })
  .refine((model) => model.width % model.heads === 0 && (model.width / model.heads) % 2 === 0, {
    message: 'width must be an even multiple of heads',
    path: ['width'],
  })
  .refine((model) => model.heads % model['kv-heads'] === 0, {
    message: 'heads must be a multiple of kv-heads',
    path: ['kv-heads'],
  });

/** Names, layers and widths of one decoder-only transformer. */
export type ModelShape = z.output<typeof modelShape>;

/** Presets near well-known sizes. `small` proves the tool on a reference device. */
export const PRESETS = {
  'llm-8b': shape('llm-8b', 32, 4096, 32, 8, 14336, 128256),
  'llm-1b': shape('llm-1b', 16, 2048, 32, 8, 8192, 128256),
  'llm-70b': shape('llm-70b', 80, 8192, 64, 8, 28672, 128256),
  small: shape('small', 2, 256, 8, 4, 704, 4096),
} as const satisfies Record<string, ModelShape>;

function shape(
  name: string,
  layers: number,
  width: number,
  heads: number,
  kvHeads: number,
  ffn: number,
  vocab: number,
): ModelShape {
  return { name, layers, width, heads, 'kv-heads': kvHeads, ffn, vocab };
}

/** Weights that one token's pass multiplies with: projections and the output layer, not the embedding. */
export function multipliedWeights(model: ModelShape): number {
  const { layers, width, heads, ffn, vocab } = model;
  const kvWidth = (width / heads) * model['kv-heads'];
  return layers * (2 * width * width + 2 * width * kvWidth + 3 * width * ffn) + width * vocab;
}
