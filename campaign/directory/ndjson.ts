/** Files of one JSON value a line, that a killed process may have left in the middle of a line. */
import { createReadStream } from 'node:fs';
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

function parse(path: string, line: Buffer, number: number): object {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw unreadable(path, `${basename(path)} line ${number} is not JSON`, error);
  }
  if (typeof value === 'object' && value !== null) return value;
  throw unreadable(path, `${basename(path)} line ${number} is not a JSON object`);
}
