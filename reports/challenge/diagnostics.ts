/** The vendors' diagnostics of a rejected node, as files again. */
import { diagnosticsOf } from '../../campaign/directory/diagnostics.ts';
import type { RunReader } from '../../campaign/directory/model.ts';

/** A file of a pack's diagnostics/. */
export interface DiagnosticFile {
  /** Letters, digits, dot, dash and underscore alone: a node gave it. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** A line of the payload, as far as it is one. */
interface Line {
  readonly kind: unknown;
  readonly file: unknown;
  readonly encoding: unknown;
  readonly text: unknown;
  readonly fact: unknown;
  readonly why: unknown;
}

/**
 * Node id → its files; what could not be had stands in `not-collected.txt`.
 *
 * @throws {HarnessError} EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH
 */
export async function diagnosticFiles(
  run: RunReader,
  nodes: readonly string[],
): Promise<ReadonlyMap<string, readonly DiagnosticFile[]>> {
  const asked = new Map(nodes.map((node) => [diagnosticsOf(node), node]));
  const found = new Map<string, readonly DiagnosticFile[]>();
  for await (const entry of run.streams()) {
    const node = asked.get(entry.attempt);
    if (node === undefined || node !== entry.node || entry.stream !== 'stdout') continue;
    const parts: Uint8Array[] = [];
    for await (const part of run.bytes(entry)) parts.push(part);
    found.set(node, filesIn(Buffer.concat(parts).toString('utf8')));
  }
  return found;
}

/** The files in what the payload printed; lines that are none of its are passed over. */
export function filesIn(text: string): readonly DiagnosticFile[] {
  const outputs = new Map<string, { readonly base64: boolean; text: string }>();
  const lost: string[] = [];
  for (const one of text.split('\n')) {
    const { kind, file, encoding, text: piece, fact, why } = saidIn(one);
    if (kind === 'lost' && typeof fact === 'string' && typeof why === 'string') {
      lost.push(`${fact}: ${why}`);
    }
    if (kind !== 'output' || typeof file !== 'string' || typeof piece !== 'string') continue;
    const name = file
      .slice(0, 200)
      .replaceAll(/[^\w.-]/gu, '_')
      .replace(/^\.+/u, '_');
    const known = outputs.get(name) ?? { base64: encoding === 'base64', text: '' };
    known.text += piece;
    outputs.set(name, known);
  }
  if (lost.length > 0) {
    outputs.set('not-collected.txt', {
      base64: false,
      text: lost.map((one) => `${one}\n`).join(''),
    });
  }
  return [...outputs].map(([name, { base64, text: content }]) => ({
    name,
    bytes: Buffer.from(content, base64 ? 'base64' : 'utf8'),
  }));
}

function saidIn(text: string): Partial<Line> {
  if (!text.startsWith('{')) return {};
  try {
    return JSON.parse(text) as Partial<Line>;
  } catch {
    // A torn line said nothing.
    return {};
  }
}
