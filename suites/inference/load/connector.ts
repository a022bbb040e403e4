/** Connections of a thread: undici's own, whose bytes reach its parser as they come, not by way of a stream's queue. */
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/** All sockets of a thread are read into one buffer, one after the other. */
const READ = 64 * 1024;
/** What was read lies in blocks of this size: a block each would cost more than its bytes. */
const BLOCK = 1024 * 1024;

/**
 * A stream of tokens is many small reads, and each would cost Node.js a buffer of 64 KiB, a queue and a tick more.
 *
 * @param timeout ms to connect
 */
export function directConnector(timeout: number): buildConnector.connector {
  const buffer = Buffer.allocUnsafeSlow(READ);
  let block = Buffer.allocUnsafeSlow(BLOCK);
  let used = 0;
  // A copy: whoever keeps a part of it keeps it past the next read.
  const kept = (length: number) => {
    if (used + length > BLOCK) {
      block = Buffer.allocUnsafeSlow(BLOCK);
      used = 0;
    }
    const from = used;
    used += length;
    buffer.copy(block, from, 0, length);
    return block.subarray(from, used);
  };
  return (options, callback) => {
    let take: ((bytes: Buffer) => void) | undefined;
    const onread = {
      buffer,
      callback(length: number) {
        take?.(kept(length));
        return true;
      },
    };
    buildConnector({ timeout, onread })(options, (...made) => {
      const [error, socket] = made;
      if (error === null) take = direct(socket);
      callback(...made);
    });
  };
}

/** @returns gives bytes to whoever listens for `readable` at once; what is not read then is queued as ever */
function direct(socket: Socket): (bytes: Buffer) => void {
  const queued = socket.read.bind(socket);
  let fresh: Buffer | null = null;
  socket.read = (size?: number): unknown => {
    const bytes = fresh;
    fresh = null;
    return bytes ?? queued(size);
  };
  return (bytes) => {
    if (socket.readableLength === 0) {
      fresh = bytes;
      socket.emit('readable');
      if (fresh === null || socket.destroyed) return;
      fresh = null;
    }
    socket.push(bytes);
  };
}
