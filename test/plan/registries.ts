/** Small registries for plan tests: a runner and two suites with schemas like the real ones. */
import { z } from 'zod';
import { entry, quantityOption } from '../../plan/options.ts';
import type { PlannedSuite } from '../../plan/suites.ts';

interface Unit {
  readonly unit: string;
  readonly options: object;
}

function unit(id: string, schema: z.ZodObject) {
  return entry(id, schema, (options): Promise<Unit> => Promise.resolve({ unit: id, options }));
}

const metric = (id: string, better: 'higher' | 'lower', of: string) => ({ id, unit: of, better });

const matmul: PlannedSuite = {
  id: 'matmul',
  metrics: [
    metric('matmul.gemm.throughput', 'higher', 'FLOP/s'),
    metric('matmul.memory.bandwidth', 'higher', 'B/s'),
    metric('matmul.transfer.bandwidth', 'higher', 'B/s'),
  ],
  checks: ['matmul.gemm.correct', 'matmul.gemm.reference', 'matmul.gemm.digest'],
};

const nccl: PlannedSuite = {
  id: 'nccl',
  metrics: [
    metric('nccl.all_reduce.busbw', 'higher', 'B/s'),
    metric('nccl.all_reduce.time', 'lower', 's'),
  ],
  checks: ['nccl.all_reduce.correct'],
};

export const registries = {
  runners: [
    unit('local', z.strictObject({})),
    unit('ssh', z.strictObject({ hosts: z.string(), user: z.string().default('root') })),
  ],
  suites: [
    entry(
      'matmul',
      z.strictObject({
        dtypes: z.array(z.enum(['bf16', 'fp8', 'fp32'])).default(['bf16']),
        window: quantityOption('s').default(10),
      }),
      () => Promise.resolve(matmul),
    ),
    entry('nccl', z.strictObject({ profile: z.string().optional() }), () => Promise.resolve(nccl)),
  ],
};
