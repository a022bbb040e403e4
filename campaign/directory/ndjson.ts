/** Files of one JSON value a line, that a killed process may have left in the middle of a line. */
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { systemCode } from '../../plan/errors.ts';
import { unreadable } from './json.ts';

/** A line, with its number from 1 and the offset just after its end. */
export interface NdjsonLine {
  readonly value: object;
  readonly number: number;
  readonly end: number;
}

/**
 * Streams the lines. A last line without its end is torn: it is left out.
 *
 * @param options.missing `empty`: no file is no lines
 * @throws {HarnessError} RUN_UNREADABLE with the line, when a whole line is no JSON object
 */
export async function* readNdjson(
  path: string,
  options: { readonly missing?: 'empty' } = {},
): AsyncGenerator<NdjsonLine> {
  let number = 0;
  let end = 0;
  for await (const line of wholeLines(path, options.missing === 'empty')) {
    number += 1;
    end += line.length + 1;
    yield { value: parse(path, line, number), number, end };
  }
}

async function* wholeLines(path: string, missingIsEmpty: boolean): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  try {
    for await (const data of createReadStream(path, { highWaterMark: 1 << 20 })) {
      const chunk = data as Buffer;
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        const part = chunk.subarray(from, at);
        yield held.length === 0 ? part : Buffer.concat([...held, part]);
        held = [];
        from = at + 1;
      }
      if (from < chunk.length) held.push(chunk.subarray(from));
    }
  } catch (error) {
    if (missingIsEmpty && systemCode(error) === 'ENOENT') return;
    if (systemCode(error) === undefined) throw error;
    throw unreadable(path, `${basename(path)} can't be read (${systemCode(error)})`, error);
  }
}

function parse(path: string, line: Buffer, number: number | undefined): object {
  const which = number === undefined ? 'the last line' : `line ${number}`;
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw unreadable(path, `${basename(path)} ${which} is not JSON`, error);
  }
  if (typeof value === 'object' && value !== null) return value;
  throw unreadable(path, `${basename(path)} ${which} is not a JSON object`);
}

/** Bytes looked at together, from the end backwards. */
const LOOK = 1 << 16;

/**
 * The last whole line of a file, without reading what is before it.
 *
 * @returns `end`: offset just after its end, where the next line begins; `value` absent: no whole line
 * @throws {HarnessError} RUN_UNREADABLE when the line is no JSON object
 */
export async function lastLine(
  path: string,
): Promise<{ readonly end: number; readonly value?: object }> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { end: 0 };
    throw error;
  }
  try {
    const end = await newlineBefore(file, (await file.stat()).size);
    if (end === 0) return { end };
    const from = await newlineBefore(file, end - 1);
    const line = Buffer.alloc(end - 1 - from);
    await file.read(line, 0, line.length, from);
    return { end, value: parse(path, line, undefined) };
  } finally {
    await file.close();
  }
}

/** Offset just after the last line end before an offset; 0: there is none. */
async function newlineBefore(file: FileHandle, offset: number): Promise<number> {
  const bytes = Buffer.alloc(LOOK);
  for (let end = offset; end > 0; end -= LOOK) {
    const from = Math.max(0, end - LOOK);
    const { bytesRead } = await file.read(bytes, 0, end - from, from);
    const at = bytes.subarray(0, bytesRead).lastIndexOf(10);
    if (at >= 0) return from + at + 1;
  }
  return 0;
}

/** The lines of a file that another writes meanwhile, as far as they are there. */
export class NdjsonTail {
  readonly #path: string;
  #file: number | undefined;
  #position = 0;
  /** Lines are taken out of it before it is filled again. */
  #buffer = Buffer.alloc(0);
  #held: Buffer = this.#buffer;
  #at = 0;
  #number = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The next line; undefined: no more is there yet.
   *
   * @throws {HarnessError} RUN_UNREADABLE with the line, when a whole line is no JSON object
   */
  async next(): Promise<{ readonly value: object; readonly number: number } | undefined> {
    for (;;) {
      const end = this.#held.indexOf(10, this.#at);
      if (end >= 0) {
        const line = this.#held.subarray(this.#at, end);
        this.#at = end + 1;
        this.#number += 1;
        return { value: parse(this.#path, line, this.#number), number: this.#number };
      }
      if (!this.#more()) return undefined;
    }
  }

  async close(): Promise<void> {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** On the spot: what others have just written is in memory. */
  #more(): boolean {
    this.#file ??= openSync(this.#path, 'r');
    const rest = this.#held.subarray(this.#at);
    const room = rest.length + (1 << 16);
    const into = this.#buffer.length >= room ? this.#buffer : Buffer.alloc(2 * room);
    into.set(rest);
    this.#buffer = into;
    const bytesRead = readSync(
      this.#file,
      into,
      rest.length,
      into.length - rest.length,
      this.#position,
    );
    this.#held = into.subarray(0, rest.length + bytesRead);
    this.#at = 0;
    if (bytesRead === 0) return false;
    this.#position += bytesRead;
    return true;
  }
}
