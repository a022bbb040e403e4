/** Plans that are run in seconds: one small case, judged for correctness. */

/** A fleet block. */
type Fleet = Readonly<Record<string, unknown>>;

const TINY = { name: 'tiny', layers: 1, width: 32, heads: 2, 'kv-heads': 1, ffn: 32, vocab: 64 };

/** A step of a tiny transformer on each node; one trial a node. */
export function quickPlan(fleet: Fleet, count?: number): object {
  return plan(fleet, count, {
    suites: {
      inference: { model: TINY, context: 4, generate: 2, batch: 1, 'prefill-batch': 1 },
    },
    criteria: [exact('correct', 'inference.logits.correct')],
  });
}

/** A small product and a small copy on each node. */
export function matmulPlan(fleet: Fleet, count?: number): object {
  return plan(fleet, count, {
    suites: { matmul: { dtypes: ['fp32'], shapes: [64], 'memory-bytes': '1 MiB' } },
    criteria: [exact('correct', 'matmul.gemm.correct')],
  });
}

/** One small all_reduce over pairs of nodes. */
export function pairPlan(fleet: Fleet, count?: number): object {
  return plan(fleet, count, {
    suites: {
      nccl: { collectives: ['all_reduce'], scopes: ['pair'], sizes: ['64 KiB'], iterations: 2 },
    },
    criteria: [{ ...exact('sums', 'nccl.all_reduce.correct'), per: 'link' }],
  });
}

function exact(id: string, metric: string) {
  return { id, metric, per: 'accelerator', source: 'the tests' };
}

function plan(fleet: Fleet, count: number | undefined, rest: object): object {
  return {
    assay: 1,
    delivery: { reference: 'a test', sku: 'cpu-reference', ...(count !== undefined && { count }) },
    fleet,
    ...rest,
  };
}
