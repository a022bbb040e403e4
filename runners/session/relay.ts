/** Many byte channels over one: the controller's side of the node's relay. */
import { EventEmitter, once } from 'node:events';
import type { Channel } from './shell.ts';

/** One program's bytes, both ways. */
export interface Line {
  /** Bytes from the node, until it or the connection ends. Read by one reader. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Small texts only: nothing waits for them. */
  write(text: string): void;
  /** No more from us; what the node still says is dropped. */
  end(): void;
}

/** A relay under way. */
export interface Relay {
  open(): Line;
  /** Resolves when its channel has ended. `failed`: why it never spoke, e.g. no Python. */
  readonly end: Promise<{ readonly failed?: string }>;
  readonly ended: boolean;
  close(): void;
}

const MARKER = Buffer.from('\0assay-frames-1\n');
/** A login shell may print before the relay does; more than this is not a greeting. */
const NOISE_LIMIT = 256 * 1024;
const FRAME_LIMIT = 2 ** 20;
/** Bytes that wait for one line's reader before nothing more is read from the node. */
const WAITING_LIMIT = 256 * 1024;

interface State {
  readonly wake: EventEmitter;
  waiting: Buffer[];
  size: number;
  /** The node has ended this line, or the connection is gone. */
  over: boolean;
  /** We have: its bytes are dropped. */
  dropped: boolean;
}

/** Speaks with a relay over its channel. */
export function relayOver(channel: Channel): Relay {
  const lines = new Map<number, State>();
  let next = 1;
  let ended = false;
  channel.stdin.on('error', () => undefined);
  let complaint = '';
  channel.stderr.on('data', (bytes: Buffer) => {
    complaint = (complaint + bytes.toString('utf8')).slice(-2000);
  });

  const deliver = async (id: number, bytes: Buffer): Promise<void> => {
    const line = lines.get(id);
    if (line === undefined || line.dropped) return;
    if (bytes.length === 0) {
      line.over = true;
      lines.delete(id);
    } else {
      line.waiting.push(bytes);
      line.size += bytes.length;
    }
    line.wake.emit('news');
    // One slow reader holds up the node's other lines: the price of bounded memory.
    while (line.size > WAITING_LIMIT && !line.dropped) await once(line.wake, 'read');
  };

  const read = async (): Promise<{ failed?: string }> => {
    let spoken = false;
    try {
      for await (const { id, bytes } of muxed(channel.stdout as AsyncIterable<Buffer>)) {
        spoken = true;
        if (id > 0) await deliver(id, bytes);
      }
    } catch (error) {
      if (error instanceof NotARelay) complaint = error.message;
      // What else breaks a stream is a broken connection.
    } finally {
      ended = true;
      channel.close();
      for (const line of lines.values()) {
        line.over = true;
        line.wake.emit('news');
      }
      lines.clear();
    }
    const { code } = await channel.end;
    if (spoken || code === undefined || code === 0) return {};
    return { failed: `exit ${code}: ${complaint.trim()}` };
  };

  const send = (id: number, text: string) => {
    if (ended || !channel.stdin.writable) return;
    const bytes = Buffer.from(text);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(id, 0);
    head.writeUInt32BE(bytes.length, 4);
    channel.stdin.write(Buffer.concat([head, bytes]));
  };

  return {
    end: read(),
    get ended() {
      return ended;
    },
    close: () => channel.stdin.end(),
    open() {
      const id = next;
      next += 1;
      const line: State = {
        wake: new EventEmitter(),
        waiting: [],
        size: 0,
        over: ended,
        dropped: false,
      };
      if (!ended) lines.set(id, line);
      return {
        bytes: drain(line),
        write: (text) => send(id, text),
        end() {
          if (line.dropped) return;
          send(id, '');
          line.dropped = true;
          line.waiting = [];
          line.size = 0;
          lines.delete(id);
          line.wake.emit('read');
        },
      };
    },
  };
}

async function* drain(line: State): AsyncGenerator<Buffer> {
  for (;;) {
    const bytes = line.waiting.shift();
    if (bytes !== undefined) {
      yield bytes;
      // Counted as held until its reader comes for more: that is the back-pressure.
      line.size -= bytes.length;
      line.wake.emit('read');
    } else if (line.over || line.dropped) return;
    else await once(line.wake, 'news');
  }
}

class NotARelay extends Error {}

/** Frames of the relay; one with id 0 and no bytes when it has greeted. */
async function* muxed(
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<{ id: number; bytes: Buffer }> {
  let held: Buffer = Buffer.alloc(0);
  let greeted = false;
  for await (const chunk of stream) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (!greeted) {
      const at = held.indexOf(MARKER);
      if (at < 0) {
        if (held.length > NOISE_LIMIT) throw new NotARelay('no supervisor speaks here');
        continue;
      }
      greeted = true;
      held = held.subarray(at + MARKER.length);
      yield { id: 0, bytes: Buffer.alloc(0) };
    }
    while (held.length >= 8) {
      const length = held.readUInt32BE(4);
      if (length > FRAME_LIMIT) throw new NotARelay('not a frame of the relay');
      if (held.length < 8 + length) break;
      yield { id: held.readUInt32BE(0), bytes: held.subarray(8, 8 + length) };
      held = held.subarray(8 + length);
    }
  }
}
