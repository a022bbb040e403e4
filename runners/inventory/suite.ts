/** Inventory as the campaign runs it: one trial a node, before any other. */
import { fileURLToPath } from 'node:url';
import type { Node, Step } from '../model.ts';
import { DIAGNOSTICS, diagnosticsStep, simulateDiagnostics } from './diagnostics.ts';
import type { Inventory, InventoryCase, InventoryOptions } from './model.ts';
import { inventoriedNode } from './node.ts';
import { inventoryReader } from './reader.ts';
import { readinessRules } from './readiness.ts';
import { simulateInventory } from './simulate.ts';

const payload = fileURLToPath(new URL('payload/inventory.py', import.meta.url));
/** Seconds; nvidia-smi on a sick node takes its 120 s before it is given up. */
const LIMIT = 600;

const theCase: InventoryCase = {
  id: 'inventory',
  suite: 'inventory',
  parameters: {},
  scope: 'node',
  gives: Object.entries(readinessRules).map(([metric, { per }]) => ({ metric, per, as: 'check' })),
  expected: 10,
};

/** One process a node. */
export function inventoryStep(
  nodes: readonly Pick<Node, 'id'>[],
  options: InventoryOptions = {},
): Step {
  const { become } = options;
  return {
    suite: 'inventory',
    case: theCase.id,
    parameters: {},
    on: 'each-node',
    nodes: nodes.map((node) => node.id),
    role: 'rank',
    argv: [{ payload }, ...(become === undefined ? [] : ['--become', JSON.stringify(become)])],
    environment: {},
    limit: LIMIT,
  };
}

/** Assignable to `Suite`; claims no metric. */
export function createInventory(options: InventoryOptions = {}): Inventory {
  return {
    id: 'inventory',
    metrics: [],
    checks: Object.keys(readinessRules),
    cases: () => [theCase],
    steps: (_, nodes) => [inventoryStep(nodes, options)],
    reader: (context) => inventoryReader(context, options.referenceDevices),
    ceiling: () => undefined,
    simulate: (step, node) =>
      step.case === DIAGNOSTICS ? simulateDiagnostics(step) : simulateInventory(step, node),
    inventoriedNode,
    diagnosis: (node) => diagnosticsStep(node, options),
  };
}
