/** The vendors' diagnostics of rejected nodes, taken into the evidence before those are given back. */
import type { Node } from '../runners/model.ts';
import type { AttemptTools } from './attempt.ts';
import { diagnosticsOf } from './directory/diagnostics.ts';
import type { EvidenceStream } from './evidence/writer.ts';
import { stepExit } from './events.ts';
import { place } from './placing.ts';
import { streamKey } from './readings.ts';
import { Redactor } from './redactor.ts';

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
  const { step, files, program } = await place(
    asked,
    at,
    { ...tools, nodes, order: [node.id] },
    {},
  );
  for (const [sha256, file] of files) {
    const [failed] = await tools.delivery.put([node.id], sha256, file);
    if (failed === undefined) continue;
    const { reason: missing } = failed;
    await tools.journal.append({ event: 'diagnostics', node: node.id, program, missing });
    return;
  }
  const streams = new Map<'stdout' | 'stderr', Kept>();
  const exits = await tools.fleet.start(
    step,
    async ({ rank, stream, bytes }) => {
      let kept = streams.get(stream);
      if (kept === undefined) {
        const key = streamKey(attempt, 0, node.id, stream);
        const name = { key, attempt, step: 0, suite: step.suite, node: node.id, rank, stream };
        kept = {
          evidence: tools.evidence.stream(name),
          redactor: new Redactor(tools.secrets),
          lines: 0,
          last: 10,
        };
        streams.set(stream, kept);
      }
      await keep(kept, kept.redactor.push(bytes));
    },
    signal,
  );
  for (const kept of streams.values()) {
    await keep(kept, kept.redactor.flush());
    const lines = kept.lines + (kept.last === 10 ? 0 : 1);
    await kept.evidence.close({ lines, redactions: kept.redactor.count });
  }
  const told = exits.map((exit) => stepExit(exit, 0, step.role));
  await tools.journal.append({ event: 'diagnostics', node: node.id, program, exits: told });
}

interface Kept {
  readonly evidence: EvidenceStream;
  readonly redactor: Redactor;
  lines: number;
  /** Last byte: a text that does not end in a line feed has one more line. */
  last: number;
}

async function keep(kept: Kept, clean: Uint8Array): Promise<void> {
  if (clean.length === 0) return;
  const bytes = await kept.evidence.write(clean);
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) kept.lines += 1;
  kept.last = bytes.at(-1) ?? kept.last;
}
