/** A run under way: lines of journal.ndjson as server-sent events, from the start and as they come. */
import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { systemCode } from '../../plan/errors.ts';

/** Milliseconds between two looks at the file. */
const EVERY = 500;

/** Bytes of one look. */
const CHUNK = 256 * 1024;

/** Bytes of one event line sent; a longer one is cut by the reader of the page anyway. */
const LINE = 64 * 1024;

/**
 * Sends complete lines until the reader goes away; waits for a journal that is not there yet.
 *
 * @param path journal.ndjson
 * @param signal ends it
 */
export async function streamJournal(
  path: string,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  let offset = 0;
  let rest: Buffer = Buffer.alloc(0);
  while (!signal.aborted && !response.destroyed) {
    const bytes = await readFrom(path, offset);
    if (bytes.length === 0) {
      response.write(': waiting\n\n');
      await pause(EVERY, signal);
      continue;
    }
    offset += bytes.length;
    const lines = Buffer.concat([rest, bytes]);
    const end = lines.lastIndexOf(0x0a);
    rest = end < 0 ? lines.subarray(-LINE) : lines.subarray(end + 1);
    for (const line of lines.subarray(0, Math.max(0, end)).toString('utf8').split('\n')) {
      if (line !== '' && !response.write(`data: ${line.slice(0, LINE)}\n\n`)) {
        await drained(response, signal);
      }
    }
  }
  response.end();
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    function done() {
      response.off('drain', done);
      response.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    }
    response.once('drain', done);
    response.once('close', done);
    signal.addEventListener('abort', done);
  });
}
