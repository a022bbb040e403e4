/** What a part can't exceed in inference: the roofline of its datasheet. */
import { partById } from '../../plan/catalogue/parts.ts';
import type { Parameters, Sourced } from '../../plan/model.ts';
import { multipliedWeights, PRESETS, type ModelShape } from './model-shape.ts';

const BYTES: Readonly<Record<string, number>> = { bf16: 2, fp16: 2, fp32: 4 };

/**
 * Prefill by compute: peak / (2 · weights) tokens/s. Decode by memory: every step reads each weight
 * and the cache of each sequence once, so batch · bandwidth / (weight bytes + batch · cache bytes).
 * tp cancels out, as both are an accelerator.
 *
 * @param own the plan's own shape, where it is not a preset
 * @returns undefined where the catalogue has no figure, or the model is not known
 */
export function inferenceCeiling(
  metric: string,
  parameters: Parameters,
  sku: string,
  own?: ModelShape,
): Sourced<number> | undefined {
  const part = partById(sku);
  const { model: name, dtype, context, batch } = parameters;
  const model = [...(own ? [own] : []), ...Object.values(PRESETS)].find((one) => one.name === name);
  if (part === undefined || model === undefined) return undefined;
  const weights = multipliedWeights(model);
  const peak = part.peaks[String(dtype)];
  const bandwidth = part.memoryBandwidth;
  const bytes = BYTES[String(dtype)];
  switch (metric) {
    case 'inference.prefill.throughput': {
      if (peak === undefined) return undefined;
      // The output layer is applied to each prompt's last token only.
      const perToken = 2 * (weights - model.width * model.vocab);
      return { value: peak.value / perToken, source: `peak / 2·weights; peak: ${peak.source}` };
    }
    case 'inference.decode.throughput': {
      if (bandwidth === undefined || bytes === undefined) return undefined;
      if (typeof batch !== 'number' || typeof context !== 'number') return undefined;
      const kvWidth = (model.width / model.heads) * model['kv-heads'];
      const cache = 2 * model.layers * kvWidth * context * bytes;
      const value = (batch * bandwidth.value) / (weights * bytes + batch * cache);
      const source = `batch · bandwidth / (weights + caches) bytes; bandwidth: ${bandwidth.source}`;
      return { value, source };
    }
    default:
      return undefined;
  }
}
