/** From a process's chunks to evidence and readings: redacted once, then kept and read alike. */
import type { Chunk, PlacedStep } from '../runners/model.ts';
import type { StreamEntry } from './directory/model.ts';
import type { EvidenceStream, EvidenceWriter, StreamName } from './evidence/writer.ts';
import { type AttemptReadings, streamKey } from './readings.ts';
import { Redactor, type Secrets } from './redactor.ts';

interface Tap {
  readonly name: StreamName;
  readonly evidence: EvidenceStream;
  readonly redactor: Redactor;
}

/** The streams of one attempt. */
export class Taps {
  readonly #attempt: string;
  readonly #readings: AttemptReadings;
  readonly #evidence: EvidenceWriter;
  readonly #secrets: Secrets;
  readonly #taps = new Map<string, Tap>();

  constructor(
    attempt: string,
    readings: AttemptReadings,
    evidence: EvidenceWriter,
    secrets: Secrets,
  ) {
    this.#attempt = attempt;
    this.#readings = readings;
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
      const lines = this.#readings.endStream(tap.name);
      return tap.evidence.close({ lines, redactions: tap.redactor.count });
    });
    return Promise.all(entries);
  }

  async #keep(tap: Tap, clean: Uint8Array): Promise<void> {
    if (clean.length === 0) return;
    // Past the stream's limit nothing is kept, so nothing may be read either.
    this.#readings.bytes(tap.name, await tap.evidence.write(clean));
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
