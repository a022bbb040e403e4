/** What the programs of some attempts said, line by line. */
import type { RunReader } from '../../campaign/directory/model.ts';
import type { Parameters } from '../../plan/model.ts';
import type { Sample } from '../../suites/model.ts';

/** A line of the payload protocol, as far as a pack needs it. */
export type Said =
  | {
      readonly kind: 'sample';
      readonly metric: string;
      readonly parameters: Parameters;
      readonly value: number;
      readonly accelerator?: number;
    }
  | {
      readonly kind: 'check';
      readonly name: string;
      readonly accelerator?: number;
      readonly ok?: boolean;
      readonly digest?: string;
    }
  | { readonly kind: 'fact'; readonly name: string; readonly value: string };

/** Who said it, where. */
export interface Spoken {
  readonly attempt: string;
  readonly node: string;
  /** Stream key. */
  readonly stream: string;
  /** From 1. */
  readonly line: number;
  readonly said: Said;
}

/**
 * Lines that a sample was read from, and every check and fact of these attempts.
 *
 * @throws {HarnessError} EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH
 */
export async function readLines(
  run: RunReader,
  attempts: ReadonlySet<string>,
  samples: readonly Sample[],
): Promise<readonly Spoken[]> {
  const places = new Set(samples.map(({ evidence }) => `${evidence.stream}:${evidence.line}`));
  const spoken: Spoken[] = [];
  for await (const entry of run.streams()) {
    if (!attempts.has(entry.attempt) || entry.stream !== 'stdout') continue;
    const parts: Uint8Array[] = [];
    for await (const part of run.bytes(entry)) parts.push(part);
    const lines = Buffer.concat(parts).toString('utf8').split('\n');
    lines.forEach((text, index) => {
      const said = saidIn(text);
      if (said === undefined) return;
      if (said.kind === 'sample' && !places.has(`${entry.key}:${index + 1}`)) return;
      const { attempt, node, key: stream } = entry;
      spoken.push({ attempt, node, stream, line: index + 1, said });
    });
  }
  return spoken;
}

function saidIn(text: string): Said | undefined {
  if (!text.startsWith('{"assay"')) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Said>;
    return value.kind === 'sample' || value.kind === 'check' || value.kind === 'fact'
      ? (value as Said)
      : undefined;
  } catch {
    // A torn line said nothing: the reader of the suite has judged it.
    return undefined;
  }
}
