/**
 * Floors of the reference device: a hundredth of what two idle cores do, so that they prove the tool
 * only. A machine that other work keeps twenty times too busy still passes (1.0 GFLOP/s was measured so).
 */
import type { Floor } from './floor.ts';
import { ruleFloor } from './floor.ts';

/** Correctness, repeatability and four figures, one a kind of measurement. */
export const cpuFloors: readonly Floor[] = [
  ruleFloor('gemm-correct', 'matmul.gemm.correct', 'accelerator', 'exact'),
  ruleFloor('gemm-reference', 'matmul.gemm.reference', 'accelerator', 'exact'),
  ruleFloor('gemm-digest', 'matmul.gemm.digest', 'accelerator', 'exact'),
  ruleFloor('all-reduce-correct', 'nccl.all_reduce.correct', 'node', 'exact', {
    where: { scope: 'node' },
  }),
  ruleFloor('logits-correct', 'inference.logits.correct', 'accelerator', 'exact'),
  ruleFloor('tokens-digest', 'inference.tokens.digest', 'accelerator', 'exact'),
  figure('gemm-fp32', 'matmul.gemm.throughput', 50e6, 'accelerator', {
    dtype: 'fp32',
    shape: 512,
    mode: 'sustained',
    devices: 'all',
  }),
  figure('memory-copy', 'matmul.memory.bandwidth', 50e6, 'accelerator', { operation: 'copy' }),
  figure('all-reduce', 'nccl.all_reduce.busbw', 1e6, 'node', {
    scope: 'node',
    bytes: 4 * 2 ** 20,
  }),
  figure('decode', 'inference.decode.throughput', 0.1, 'accelerator', {}),
];

function figure(
  id: string,
  metric: string,
  value: number,
  per: Floor['per'],
  where: Floor['where'],
): Floor {
  const source =
    'assay: a hundredth of what two idle cores do (5.8 GFLOP/s in fp32 with torch 1.13)';
  return {
    id,
    metric,
    where,
    per,
    decide: 'level',
    limit: { value, source },
    standing: 'catalogue',
    scope: 'node',
  };
}
