/** Every suite, one line each: adding a suite is a folder and a line here. */
import { entry } from '../plan/options.ts';
import type { Entry } from '../plan/model.ts';
import type { Suite } from './model.ts';
import { schema as inference } from './inference/options.ts';
import { schema as matmul } from './matmul/options.ts';
import { schema as nccl } from './nccl/options.ts';

export const suites: readonly Entry<Suite>[] = [
  entry('matmul', matmul, async (options) => (await import('./matmul/suite.ts')).matmul(options)),
  entry('nccl', nccl, async (options) => (await import('./nccl/suite.ts')).nccl(options)),
  entry('inference', inference, async (options) =>
    (await import('./inference/suite.ts')).inference(options),
  ),
];
