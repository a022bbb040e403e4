/** Load tools whose files this suite reads for `assay read`. */
import type { Importer } from '../import-model.ts';
import { readAiperf } from './imports/aiperf.ts';
import { readGuidellm } from './imports/guidellm.ts';
import { readInferencex } from './imports/inferencex.ts';
import { readVllmBench } from './imports/vllm-bench.ts';

export const importers: readonly Importer[] = [
  { tool: 'vllm-bench', read: readVllmBench },
  { tool: 'aiperf', read: readAiperf },
  { tool: 'guidellm', read: readGuidellm },
  { tool: 'inferencex', read: readInferencex },
];
