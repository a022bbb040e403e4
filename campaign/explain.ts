/** From a number back to the line of output that it was read from. */
import { subjectNodes } from '../plan/subject.ts';
import type { Sample } from '../suites/model.ts';
import type { RunReader, StreamEntry } from './directory/model.ts';
import { LineSplitter } from './lines.ts';

/** A sample with the line that it stands on; `text` is absent when the stream has no such line. */
export interface Explained {
  readonly sample: Sample;
  readonly entry: StreamEntry;
  readonly text?: string;
}

/**
 * The samples of a node, each with its line; the stream's hash is checked on the way.
 *
 * @param metric Metric.id, or its beginning ("nccl")
 * @throws {HarnessError} EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH, RUN_UNREADABLE
 */
export async function* explain(
  run: RunReader,
  node: string,
  metric: string,
): AsyncGenerator<Explained> {
  const wanted = new Map<string, Sample[]>();
  for await (const sample of run.samples()) {
    if (!sample.metric.startsWith(metric) || !subjectNodes(sample.subject).includes(node)) continue;
    const { stream } = sample.evidence;
    wanted.set(stream, [...(wanted.get(stream) ?? []), sample]);
  }
  for await (const entry of run.streams()) {
    const samples = wanted.get(entry.key);
    if (samples === undefined) continue;
    const lines = await linesOf(run, entry, new Set(samples.map(({ evidence }) => evidence.line)));
    for (const sample of samples) {
      const text = lines.get(sample.evidence.line);
      yield { sample, entry, ...(text !== undefined && { text }) };
    }
  }
}

async function linesOf(
  run: RunReader,
  entry: StreamEntry,
  wanted: ReadonlySet<number>,
): Promise<ReadonlyMap<number, string>> {
  const splitter = new LineSplitter();
  const found = new Map<number, string>();
  let line = 0;
  const take = (texts: readonly string[]) => {
    for (const text of texts) {
      line += 1;
      if (wanted.has(line)) found.set(line, text);
    }
  };
  for await (const bytes of run.bytes(entry)) take(splitter.push(bytes));
  take(splitter.flush());
  return found;
}
