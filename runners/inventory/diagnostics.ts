/** What the vendors' tools say of a rejected node, collected while it is still held. */
import { fileURLToPath } from 'node:url';
import type { Node, PlacedStep, Step } from '../model.ts';
import type { InventoryOptions } from './model.ts';

/** Case of the step; no criterion stands on it. */
export const DIAGNOSTICS = 'diagnostics';

const payload = fileURLToPath(new URL('payload/diagnostics.py', import.meta.url));
/** Seconds: nvidia-bug-report alone takes minutes on a sick node. */
const LIMIT = 900;

/** One process on the node; what it prints goes into the evidence and is read by nobody but people. */
export function diagnosticsStep(node: Pick<Node, 'id'>, { become }: InventoryOptions = {}): Step {
  return {
    suite: 'inventory',
    case: DIAGNOSTICS,
    parameters: {},
    on: 'each-node',
    nodes: [node.id],
    role: 'rank',
    argv: [{ payload }, ...(become === undefined ? [] : ['--become', JSON.stringify(become)])],
    environment: {},
    limit: LIMIT,
  };
}

/** A simulated node has no tools. */
export function* simulateDiagnostics(step: Pick<PlacedStep, 'case'>): Iterable<string> {
  const say = (fields: object) => `${JSON.stringify({ assay: 1, ...fields })}\n`;
  yield say({ kind: 'lost', fact: step.case, why: 'a simulated node' });
  yield say({ kind: 'done', ok: true });
}
