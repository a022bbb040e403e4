/** Tools whose files this suite reads for `assay read`. */
import type { Importer } from '../import-model.ts';
import { readAcceleratorMicrobenchmarks } from './logs/accelerator-microbenchmarks.ts';
import { readNcclTests } from './logs/samples.ts';
import { readNvbandwidth } from './logs/nvbandwidth.ts';

export const importers: readonly Importer[] = [
  { tool: 'nccl-tests', read: readNcclTests },
  { tool: 'nvbandwidth', read: readNvbandwidth },
  { tool: 'accelerator-microbenchmarks', read: readAcceleratorMicrobenchmarks },
];
