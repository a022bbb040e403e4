/** journal.ndjson: append-only; written at once, synced in groups at most a second apart. */
import { type FileHandle, open } from 'node:fs/promises';
import { namedDiskError } from './directory/disk.ts';
import { unreadable } from './directory/json.ts';
import type { JournalEvent } from './directory/model.ts';
import type { CampaignEvent } from './events.ts';
import { lastLine, readNdjson } from './directory/ndjson.ts';

/** Longest time that a written event may stay unsynced, in ms. */
const SYNC_AFTER = 500;

/** An event as the file has it. */
export type Journalled = CampaignEvent & { readonly seq: number; readonly at: string };

/** The journal of a run that is being written. One a run (see the lock). */
export class Journal {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #now: () => Date;
  #seq: number;
  #written: number;
  #queue: string[] = [];
  #writing: Promise<void> | undefined;
  #unsynced = false;
  #timer: NodeJS.Timeout | undefined;
  #failed: Error | undefined;

  private constructor(path: string, file: FileHandle, seq: number, now: () => Date) {
    this.#path = path;
    this.#file = file;
    this.#seq = seq;
    this.#written = seq - 1;
    this.#now = now;
  }

  /**
   * Opens the journal to go on with it; a torn last line is cut off. What is before is checked by those
   * who read it.
   *
   * @throws {HarnessError} RUN_UNREADABLE when the last whole line is broken
   */
  static async open(path: string, now: () => Date): Promise<Journal> {
    const { end, value } = await lastLine(path);
    const last = (value as Partial<JournalEvent> | undefined)?.seq;
    if (value !== undefined && !Number.isSafeInteger(last)) {
      throw unreadable(path, 'journal.ndjson: the last line is no event');
    }
    const seq = last === undefined ? 0 : last + 1;
    const file = await open(path, 'a', 0o644);
    await file.truncate(end);
    return new Journal(path, file, seq, now);
  }

  /**
   * Appends an event; resolved when it is written (a killed process loses nothing then), synced soon after.
   *
   * @throws {HarnessError} DISK_FULL
   */
  async append(event: CampaignEvent): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    const stamped = { seq: this.#seq, at: this.#now().toISOString(), ...event };
    this.#seq += 1;
    this.#queue.push(`${JSON.stringify(stamped)}\n`);
    this.#writing ??= this.#write();
    await this.#writing;
  }

  /** Number of the last event that can be read from the file; −1: none. */
  get written(): number {
    return this.#written;
  }

  /** Appends and syncs before it resolves: for intents. */
  async commit(event: CampaignEvent): Promise<void> {
    await this.append(event);
    await this.sync();
  }

  /** Everything appended so far survives a power cut. */
  async sync(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    if (!this.#unsynced) return;
    this.#unsynced = false;
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      if (this.#failed === undefined) await this.sync();
    } finally {
      clearTimeout(this.#timer);
      await this.#file.close();
    }
  }

  async #write(): Promise<void> {
    // A tick of waiting gathers what other trials append now into one write.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      while (this.#queue.length > 0) {
        const lines = this.#queue.join('');
        this.#queue = [];
        const last = this.#seq - 1;
        await this.#file.appendFile(lines);
        this.#written = last;
        this.#unsynced = true;
      }
    } catch (error) {
      this.#failed = namedDiskError(this.#path, error);
      throw this.#failed;
    } finally {
      this.#writing = undefined;
    }
    this.#timer ??= setTimeout(() => {
      // A failed sync shows at the next append.
      this.sync().catch((error: unknown) => {
        this.#failed = namedDiskError(this.#path, error);
      });
    }, SYNC_AFTER).unref();
  }
}

/**
 * The events of a journal, oldest first; a torn last line is left out.
 *
 * @throws {HarnessError} RUN_UNREADABLE with the line
 */
export async function* readJournal(path: string): AsyncGenerator<Journalled> {
  for await (const line of readNdjson(path)) {
    checkSeq(path, line.value, line.number);
    yield line.value as Journalled;
  }
}

/** @returns the event's number. @throws {HarnessError} RUN_UNREADABLE */
export function checkSeq(path: string, value: unknown, line: number): number {
  const { seq, event } = value as Partial<JournalEvent>;
  if (seq === line - 1 && typeof event === 'string') return seq;
  throw unreadable(path, `journal.ndjson line ${line} is not event number ${line - 1}`);
}
