/**
 * Evidence in packed segments: 10,000 nodes would else be hundreds of thousands of small files.
 * Long streams have blocks of their own; short ones share a block. A stream's entry is in
 * index.ndjson, synced, before the attempt's end is in the journal.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { namedDiskError } from '../directory/disk.ts';
import type { StreamEntry } from '../directory/model.ts';
import { lastLine } from '../directory/ndjson.ts';

/** Bytes kept of one stream; what follows is counted as `cut`. */
export const STREAM_LIMIT = 64 * 1024 * 1024;
/** Bytes of a block, before compression. */
const BLOCK = 64 * 1024;
/** Bytes of a segment after which the next is begun. */
const SEGMENT = 512 * 1024 * 1024;
/** Bytes that all open streams together may hold back. */
const HELD = 64 * 1024 * 1024;

type Block = StreamEntry['blocks'][number];
type Place = Pick<Block, 'segment' | 'offset' | 'length'>;

/** Who a stream belongs to. */
export type StreamName = Pick<
  StreamEntry,
  'key' | 'attempt' | 'step' | 'suite' | 'node' | 'rank' | 'stream'
>;

/** One stream that is being written. */
export interface EvidenceStream {
  /** Keeps bytes (already redacted); @returns those kept: none past the limit, the reader sees the same. */
  write(bytes: Uint8Array): Promise<Uint8Array>;
  /** Resolved when the stream and its entry are on disk, synced. Before that nothing may rest on it. */
  close(counts: { readonly lines: number; readonly redactions: number }): Promise<StreamEntry>;
}

interface Open {
  readonly name: StreamName;
  readonly hash: Hash;
  readonly blocks: Block[];
  held: Uint8Array[];
  heldBytes: number;
  bytes: number;
  cut: number;
}

/** A compressed block on its way into a segment. */
interface Packed {
  readonly bytes: Buffer;
  readonly placed: (place: Place) => void;
  readonly failed: (error: unknown) => void;
}

interface Closed {
  readonly stream: Open;
  readonly counts: { readonly lines: number; readonly redactions: number };
  readonly sha256: string;
  readonly resolve: (entry: StreamEntry) => void;
  readonly reject: (error: unknown) => void;
}

/** The writer of a run's `evidence/` folder. */
export class EvidenceWriter {
  readonly #folder: string;
  readonly #index: FileHandle;
  readonly #open = new Set<Open>();
  #segment: { readonly name: string; readonly file: FileHandle; size: number } | undefined;
  #number: number;
  #heldBytes = 0;
  #closed: Closed[] = [];
  #committing: Promise<void> | undefined;
  #packed: Packed[] = [];
  #appending: Promise<void> | undefined;
  #failed: Error | undefined;

  private constructor(folder: string, index: FileHandle, number: number) {
    this.#folder = folder;
    this.#index = index;
    this.#number = number;
  }

  /** Opens the folder, new or of a run that goes on: a torn entry is cut off, segments are begun anew. */
  static async open(folder: string): Promise<EvidenceWriter> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'index.ndjson');
    const { end } = await lastLine(path);
    const index = await open(path, 'a', 0o644);
    await index.truncate(end);
    const numbers = (await readdir(folder)).map((name) => Number.parseInt(name, 10));
    const last = numbers.reduce((most, one) => (one > most ? one : most), 0);
    return new EvidenceWriter(folder, index, last);
  }

  /** Begins a stream. */
  stream(name: StreamName): EvidenceStream {
    const stream: Open = {
      name,
      hash: createHash('sha256'),
      blocks: [],
      held: [],
      heldBytes: 0,
      bytes: 0,
      cut: 0,
    };
    this.#open.add(stream);
    return {
      write: (bytes) => this.#write(stream, bytes),
      close: (counts) => this.#close(stream, counts),
    };
  }

  /** Closes the files; streams that are still open are left out (their attempts were cut off). */
  async close(): Promise<void> {
    await this.#committing?.catch(() => undefined);
    await this.#index.close();
    await this.#segment?.file.close();
  }

  async #write(stream: Open, bytes: Uint8Array): Promise<Uint8Array> {
    this.#check();
    const kept = bytes.subarray(0, Math.max(0, STREAM_LIMIT - stream.bytes));
    stream.cut += bytes.length - kept.length;
    if (kept.length === 0) return kept;
    stream.hash.update(kept);
    stream.bytes += kept.length;
    stream.held.push(Uint8Array.prototype.slice.call(kept));
    stream.heldBytes += kept.length;
    this.#heldBytes += kept.length;
    if (stream.heldBytes >= BLOCK) await this.#flush(stream);
    if (this.#heldBytes > HELD) {
      for (const other of this.#open) if (other.heldBytes > 0) await this.#flush(other);
    }
    return kept;
  }

  async #flush(stream: Open): Promise<void> {
    const bytes = this.#release(stream);
    const { segment, offset, length } = await this.#append(bytes);
    stream.blocks.push({ segment, offset, length, bytes: bytes.length });
  }

  #release(stream: Open): Uint8Array {
    const [first] = stream.held;
    // Most streams come in one piece.
    const bytes = stream.held.length === 1 && first ? first : Buffer.concat(stream.held);
    stream.held = [];
    stream.heldBytes = 0;
    this.#heldBytes -= bytes.length;
    return bytes;
  }

  async #close(stream: Open, counts: Closed['counts']): Promise<StreamEntry> {
    this.#check();
    this.#open.delete(stream);
    return new Promise<StreamEntry>((resolve, reject) => {
      this.#closed.push({ stream, counts, sha256: stream.hash.digest('hex'), resolve, reject });
      this.#committing ??= this.#commit();
    });
  }

  /** Group commit: while one group is synced, the next gathers. */
  async #commit(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#closed.length > 0) {
      const group = this.#closed;
      this.#closed = [];
      try {
        await this.#share(group);
        // Of these streams too, what was written because all together held too much.
        await this.#appending;
        await this.#segment?.file.datasync();
        const entries = group.map(entryOf);
        await this.#index.appendFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
        await this.#index.datasync();
        group.forEach((one, at) => one.resolve(entries[at] as StreamEntry));
      } catch (error) {
        this.#failed = namedDiskError(this.#folder, error);
        for (const one of [...group, ...this.#closed]) one.reject(this.#failed);
        this.#closed = [];
      }
    }
    this.#committing = undefined;
  }

  /** What the closed streams still hold goes into blocks that they share. */
  async #share(group: readonly Closed[]): Promise<void> {
    const placing: Promise<void>[] = [];
    let parts: { stream: Open; bytes: Uint8Array }[] = [];
    let size = 0;
    const flush = () => {
      if (size > 0) placing.push(this.#together(parts, size));
      parts = [];
      size = 0;
    };
    for (const { stream } of group) {
      if (stream.heldBytes === 0) continue;
      if (size + stream.heldBytes > BLOCK) flush();
      const bytes = this.#release(stream);
      parts.push({ stream, bytes });
      size += bytes.length;
    }
    flush();
    await Promise.all(placing);
  }

  /** One block of what several streams hold. */
  async #together(
    parts: readonly { readonly stream: Open; readonly bytes: Uint8Array }[],
    size: number,
  ): Promise<void> {
    const [first] = parts;
    const whole = parts.length === 1 ? first?.bytes : undefined;
    const { segment, offset, length } = await this.#append(
      whole ?? Buffer.concat(parts.map((part) => part.bytes)),
    );
    let start = 0;
    for (const { stream, bytes } of parts) {
      const block = { segment, offset, length, bytes: size };
      stream.blocks.push(whole === undefined ? { ...block, start, size: bytes.length } : block);
      start += bytes.length;
    }
  }

  /**
   * Compresses and appends one block. On the spot: handing it to a pool of threads costs more than the
   * block. What comes while others are written is written together.
   */
  async #append(bytes: Uint8Array): Promise<Place> {
    this.#check();
    return new Promise<Place>((placed, failed) => {
      this.#packed.push({ bytes: deflateRawSync(bytes, { level: 1 }), placed, failed });
      this.#appending ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#packed.length > 0) {
      const group = this.#packed;
      this.#packed = [];
      try {
        const segment = await this.#current();
        let offset = segment.size;
        await segment.file.appendFile(Buffer.concat(group.map(({ bytes }) => bytes)));
        for (const { bytes, placed } of group) {
          placed({ segment: segment.name, offset, length: bytes.length });
          offset += bytes.length;
        }
        segment.size = offset;
      } catch (error) {
        this.#failed ??= namedDiskError(this.#folder, error);
        for (const one of [...group, ...this.#packed]) one.failed(this.#failed);
        this.#packed = [];
      }
    }
    this.#appending = undefined;
  }

  async #current() {
    if (this.#segment !== undefined && this.#segment.size < SEGMENT) return this.#segment;
    await this.#segment?.file.datasync();
    await this.#segment?.file.close();
    this.#number += 1;
    const name = `${String(this.#number).padStart(6, '0')}.seg`;
    const file = await open(join(this.#folder, name), 'wx', 0o644);
    this.#segment = { name, file, size: 0 };
    return this.#segment;
  }

  #check(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }
}

function entryOf({ stream, counts, sha256 }: Closed): StreamEntry {
  const { name, bytes, cut, blocks } = stream;
  const { key, attempt, step, suite, node, rank } = name;
  const { lines, redactions } = counts;
  // Spelled: spread together it is a dictionary of three kilobytes, and a large run has a million of them.
  return {
    key,
    attempt,
    step,
    suite,
    node,
    rank,
    stream: name.stream,
    blocks,
    bytes,
    sha256,
    cut,
    lines,
    redactions,
  };
}
