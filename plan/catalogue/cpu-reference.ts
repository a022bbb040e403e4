/** The machine without an accelerator: proves the tool, never a GPU; no datasheet, so no peaks. */
import type { Part } from '../model.ts';

/** One CPU a node, whatever its model. */
export const cpuReference: Part = {
  sku: 'cpu-reference',
  title: 'CPU (reference device, no accelerator)',
  kind: 'cpu',
  models: [],
  perNode: 1,
  peaks: {},
  machines: [],
};
