/** All three suites at their smallest, on hosts that share one machine: nothing is timed, all is judged. */
import type { PlanParts } from './loopback-fleet.ts';

/** Parts of a plan; `atOnce` bounds memory: a trial holds one or two Python processes with torch. */
export function smallestPlan(atOnce: number): Pick<PlanParts, 'fleet' | 'suites' | 'criteria'> {
  return {
    fleet: [`at-once: ${atOnce}`],
    suites: [
      'matmul: { dtypes: [fp32], shapes: [64], settle: 0.1 s, window: 0.1 s, memory-bytes: 1 MiB }',
      'nccl: { collectives: [all_reduce], sizes: [64 KiB], scopes: [node, pair], iterations: 2, warm-up: 1 }',
      `inference: { model: { ${MODEL} }, context: 8, generate: 4, batch: 2, prefill-batch: 1, settle: 0.1 s, window: 0.1 s }`,
    ],
    criteria: [
      exact('product', 'matmul.gemm.correct', 'accelerator', PRODUCT),
      exact('product-digest', 'matmul.gemm.digest', 'accelerator', PRODUCT),
      exact('copy', 'matmul.memory.correct', 'accelerator', ''),
      exact('ranks-in-node', 'nccl.all_reduce.correct', 'node', 'scope: node, bytes: 65536'),
      exact('ranks-between', 'nccl.all_reduce.correct', 'link', 'scope: pair, bytes: 65536'),
      exact('logits', 'inference.logits.correct', 'accelerator', ''),
      exact('tokens', 'inference.tokens.digest', 'accelerator', ''),
    ],
  };
}

const MODEL = 'name: tiny, layers: 1, width: 64, heads: 2, kv-heads: 1, ffn: 128, vocab: 128';
const PRODUCT = 'dtype: fp32, shape: 64, devices: all';

function exact(id: string, metric: string, per: string, where: string): string {
  return `- { id: ${id}, metric: ${metric}, per: ${per}, where: { ${where} }, source: "loopback fleet" }`;
}
