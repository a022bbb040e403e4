/** From a process's chunks to evidence and readings: redacted once, then kept and read alike. */
import type { Chunk, PlacedStep } from '../runners/model.ts';
import type { StreamEntry } from './directory/model.ts';
import type { EvidenceStream, EvidenceWriter, StreamName } from './evidence/writer.ts';
import { streamKey } from './readings.ts';
import { Redactor, type Secrets } from './redactor.ts';

interface Tap {
  readonly name: StreamName;
  readonly evidence: EvidenceStream;
  readonly redactor: Redactor;
}

/** Who hears what is kept, as it is kept. */
export interface Hearer {
  bytes(name: StreamName, bytes: Uint8Array): void;
  /** Ends one stream. @returns how many lines it had */
  endStream(name: StreamName): number;
}

/** The streams of one attempt. */
export class Taps {
  readonly #attempt: string;
  readonly #hearer: Hearer;
  readonly #evidence: EvidenceWriter;
  readonly #secrets: Secrets;
  readonly #taps = new Map<string, Tap>();

  constructor(attempt: string, hearer: Hearer, evidence: EvidenceWriter, secrets: Secrets) {
    this.#attempt = attempt;
    this.#hearer = hearer;
    this.#evidence = evidence;
    this.#secrets = secrets;
  }

  /** The sink of a step. Chunks of one stream come one after the other. */
  async chunk(step: PlacedStep, chunk: Chunk): Promise<void> {
    const tap = this.#tap(step, chunk);
    await this.#keep(tap, tap.redactor.push(chunk.bytes));
  }

  /** After all exits. @returns the entries, on disk */
  async close(): Promise<StreamEntry[]> {
    const entries = [...this.#taps.values()].map(async (tap) => {
      await this.#keep(tap, tap.redactor.flush());
      const lines = this.#hearer.endStream(tap.name);
      return tap.evidence.close({ lines, redactions: tap.redactor.count });
    });
    return Promise.all(entries);
  }

  async #keep(tap: Tap, clean: Uint8Array): Promise<void> {
    if (clean.length === 0) return;
    // Past the stream's limit nothing is kept, so nothing may be read either.
    this.#hearer.bytes(tap.name, await tap.evidence.write(clean));
  }

  #tap(step: PlacedStep, { node, rank, stream }: Chunk): Tap {
    const key = streamKey(this.#attempt, step.index, node, stream);
    const known = this.#taps.get(key);
    if (known !== undefined) return known;
    const { index, suite } = step;
    const name = { key, attempt: this.#attempt, step: index, suite, node, rank, stream };
    const tap: Tap = {
      name,
      evidence: this.#evidence.stream(name),
      redactor: new Redactor(this.#secrets),
    };
    this.#taps.set(key, tap);
    return tap;
  }
}
