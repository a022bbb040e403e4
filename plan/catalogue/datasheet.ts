/** The one datasheet figure that a metric is compared with, before any suite is asked. */
import type { Parameters, Part, Sourced } from '../model.ts';

/** Undefined where the catalogue has none for this metric. */
export function datasheetOf(
  part: Part,
  metric: string,
  where: Parameters,
): Sourced<number> | undefined {
  if (metric === 'matmul.gemm.throughput') return part.peaks[String(where['dtype'])];
  if (metric === 'matmul.memory.bandwidth') return part.memoryBandwidth;
  return /^nccl\..+\.busbw$/u.test(metric) ? part.scaleUp : undefined;
}
