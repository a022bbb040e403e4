/** Evidence read back: the index as a stream, the bytes of a stream checked against its hash. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import type { StreamEntry } from '../directory/model.ts';
import { readNdjson } from '../directory/ndjson.ts';

/** Shared blocks that are kept inflated: neighbours are read one after the other. */
const KEPT = 256;
/** Bytes that are inflated in one piece. */
const MOST_AT_ONCE = 1 << 20;

/**
 * Reads one run's `evidence/` folder; `close` it. Blocks are read and inflated on the spot: a large run
 * has tens of thousands, and handing each to a pool of threads costs more than the block.
 */
export class EvidenceReader {
  readonly #folder: string;
  readonly #files = new Map<string, number>();
  readonly #inflated = new Map<string, Buffer>();

  /** @param folder the run's `evidence/` */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Entries in the order in which they were written. @throws {HarnessError} RUN_UNREADABLE */
  async *streams(): AsyncGenerator<StreamEntry> {
    const path = join(this.#folder, 'index.ndjson');
    for await (const line of readNdjson(path, { missing: 'empty' }))
      yield line.value as StreamEntry;
  }

  /**
   * The stream's bytes, block by block.
   *
   * @throws {HarnessError} EVIDENCE_MISSING when a segment is gone or short, EVIDENCE_HASH_MISMATCH
   * at the end when the bytes are not those that were measured
   */
  *bytes(entry: StreamEntry): Generator<Uint8Array> {
    const hash = createHash('sha256');
    for (const block of entry.blocks) {
      const whole = this.#block(block, entry);
      const part =
        block.start === undefined
          ? whole
          : whole.subarray(block.start, block.start + (block.size ?? 0));
      hash.update(part);
      yield part;
    }
    if (hash.digest('hex') !== entry.sha256) throw mismatch(entry, 'they have another SHA-256');
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
    this.#inflated.clear();
  }

  #block(block: StreamEntry['blocks'][number], entry: StreamEntry): Buffer {
    const key = `${block.segment}:${block.offset}`;
    const kept = this.#inflated.get(key);
    if (kept !== undefined) return kept;
    const packed = Buffer.allocUnsafe(block.length);
    const file = this.#file(block.segment, entry);
    const bytesRead = readSync(file, packed, 0, block.length, block.offset);
    if (bytesRead !== block.length) throw missing(entry, `${block.segment} is too short`);
    const whole = inflated(packed, block.bytes, entry);
    if (block.start !== undefined) {
      if (this.#inflated.size >= KEPT) {
        const [oldest] = this.#inflated.keys();
        if (oldest !== undefined) this.#inflated.delete(oldest);
      }
      this.#inflated.set(key, whole);
    }
    return whole;
  }

  #file(segment: string, entry: StreamEntry): number {
    const opened = this.#files.get(segment);
    if (opened !== undefined) return opened;
    if (!/^\d+\.seg$/u.test(segment)) throw missing(entry, `"${segment}" is no segment`);
    try {
      const file = openSync(join(this.#folder, segment), 'r');
      this.#files.set(segment, file);
      return file;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      throw missing(entry, `${segment} can't be read (${systemCode(error)})`, error);
    }
  }
}

function inflated(packed: Buffer, bytes: number, entry: StreamEntry): Buffer {
  try {
    // In one piece: the size is known.
    const chunkSize = Math.min(MOST_AT_ONCE, Math.max(64, bytes + 1));
    const whole = inflateRawSync(packed, { maxOutputLength: bytes, chunkSize });
    if (whole.length === bytes) return whole;
  } catch (error) {
    throw mismatch(entry, 'a block is corrupt', error);
  }
  throw mismatch(entry, 'a block is short');
}

function mismatch(entry: StreamEntry, what: string, cause?: unknown): HarnessError {
  const message = `the stored bytes of ${entry.key} are not those that were measured: ${what}`;
  const hint = 'Restore evidence/ from a copy; a verdict from these bytes is not to be trusted.';
  return new HarnessError('EVIDENCE_HASH_MISMATCH', message, { hint, cause });
}

function missing(entry: StreamEntry, what: string, cause?: unknown): HarnessError {
  const hint = 'Restore evidence/ from a copy.';
  return new HarnessError('EVIDENCE_MISSING', `evidence of ${entry.key}: ${what}`, { hint, cause });
}
