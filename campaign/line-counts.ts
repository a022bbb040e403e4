/** The lines of streams as they are kept: counted for the index, and shown to who waits for one. */
import type { StreamName } from './evidence/writer.ts';
import { LineSplitter } from './lines.ts';
import type { Hearer } from './taps.ts';

const NEWLINE = 0x0a;

interface Stream {
  ended: number;
  /** Bytes after the last end. */
  open: boolean;
  readonly splitter: LineSplitter | undefined;
}

/** Counts lines; what they say is read from the evidence. */
export class LineCounts implements Hearer {
  readonly #streams = new Map<string, Stream>();
  readonly #waits: (step: number) => boolean;
  readonly #line: (step: number, text: string) => void;

  /** @param ready whoever waits for a line of a step; left out: nobody */
  constructor(
    ready: {
      waits(step: number): boolean;
      line(step: number, text: string): void;
    } = { waits: () => false, line: () => undefined },
  ) {
    this.#waits = (step) => ready.waits(step);
    this.#line = (step, text) => ready.line(step, text);
  }

  bytes(name: StreamName, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const stream = this.#of(name);
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
      stream.ended += 1;
    }
    stream.open = bytes.at(-1) !== NEWLINE;
    for (const text of stream.splitter?.push(bytes) ?? []) this.#line(name.step, text);
  }

  /** A last line without its end is a line too. */
  endStream(name: StreamName): number {
    const { ended, open } = this.#of(name);
    return open ? ended + 1 : ended;
  }

  #of({ key, step }: StreamName): Stream {
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const splitter = this.#waits(step) ? new LineSplitter() : undefined;
    const stream: Stream = { ended: 0, open: false, splitter };
    this.#streams.set(key, stream);
    return stream;
  }
}
