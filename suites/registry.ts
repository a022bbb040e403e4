/** Every suite, one line each: adding a suite is a folder and a line here. */
import { entry } from '../plan/options.ts';
import type { Entry } from '../plan/model.ts';
import type { Suite } from './model.ts';
import { schema as nccl } from './nccl/options.ts';

export const suites: readonly Entry<Suite>[] = [
  entry('nccl', nccl, async (options) => (await import('./nccl/suite.ts')).nccl(options)),
];
