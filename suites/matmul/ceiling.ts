/** What a part can't exceed, by its datasheet. */
import { partById } from '../../plan/catalogue/parts.ts';
import type { Parameters, Sourced } from '../../plan/model.ts';

/** @returns undefined where the catalogue has no figure for it */
export function matmulCeiling(
  metric: string,
  parameters: Parameters,
  sku: string,
): Sourced<number> | undefined {
  const part = partById(sku);
  switch (metric) {
    case 'matmul.gemm.throughput':
    case 'matmul.soak.throughput':
      return part?.peaks[String(parameters['dtype'])];
    case 'matmul.memory.bandwidth':
      return part?.memoryBandwidth;
    default:
      return undefined;
  }
}
