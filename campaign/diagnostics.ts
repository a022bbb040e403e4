/** The vendors' diagnostics of rejected nodes, taken into the evidence before those are given back. */
import type { Node } from '../runners/model.ts';
import type { AttemptTools } from './attempt.ts';
import { diagnosticsOf } from './directory/diagnostics.ts';
import { deliver } from './delivery.ts';
import { stepExit } from './events.ts';
import { LineCounts } from './line-counts.ts';
import { place } from './placing.ts';
import { Taps } from './taps.ts';

/** Most nodes that are asked: of a lot that fails as a whole, some tell what there is to tell. */
const MOST = 256;

/**
 * Asks every one of the nodes at once; what one does not answer is journalled and nobody's fault. Nothing
 * is judged by it: a replay passes it over.
 *
 * @throws {HarnessError} DISK_FULL
 */
export async function collectDiagnostics(
  nodes: readonly Node[],
  tools: AttemptTools,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(nodes.slice(0, MOST).map((node) => diagnose(node, tools, signal)));
}

async function diagnose(node: Node, tools: AttemptTools, signal: AbortSignal): Promise<void> {
  const asked = tools.units.inventory.diagnosis?.(node);
  if (asked === undefined || signal.aborted) return;
  const attempt = diagnosticsOf(node.id);
  const at = { attempt, index: 0, lease: tools.lease };
  const nodes = new Map([[node.id, node]]);
  const placed = await place(asked, at, { ...tools, nodes, order: [node.id] }, {});
  const { step, program } = placed;
  const [failed] = await deliver([placed], tools.delivery);
  if (failed !== undefined) {
    const { reason: missing } = failed;
    await tools.journal.append({ event: 'diagnostics', node: node.id, program, missing });
    return;
  }
  // Nobody reads these streams: their lines are counted, as the index has them.
  const taps = new Taps(attempt, new LineCounts(), tools.evidence, tools.secrets);
  const exits = await tools.fleet.start(step, (chunk) => taps.chunk(step, chunk), signal);
  await taps.close();
  const told = exits.map((exit) => stepExit(exit, 0, step.role));
  await tools.journal.append({ event: 'diagnostics', node: node.id, program, exits: told });
}
