/** The binary stream of the node-side supervisor: what a program prints can't look like its end. */

/** One frame as the node-side daemon writes it. */
export interface Frame {
  /** S start, O stdout, E stderr, X exit, N not started, G nothing there any more. */
  readonly kind: 'S' | 'O' | 'E' | 'X' | 'N' | 'G';
  readonly bytes: Buffer;
}

const KINDS = new Set<string>(['S', 'O', 'E', 'X', 'N', 'G']);
const FRAME_LIMIT = 2 ** 20;

/** Thrown when the stream is not what the supervisor writes. */
export class BrokenFrames extends Error {
  override readonly name = 'BrokenFrames';
}

/**
 * Cuts a byte stream into frames; holds at most one frame.
 *
 * @throws {BrokenFrames} an unknown frame or one above 1 MiB; an early end just ends
 */
export async function* frames(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    while (held.length >= 5) {
      const kind = String.fromCodePoint(held[0] ?? 0);
      const length = held.readUInt32BE(1);
      if (!isKind(kind) || length > FRAME_LIMIT) throw new BrokenFrames('not a frame');
      if (held.length < 5 + length) break;
      yield { kind, bytes: held.subarray(5, 5 + length) };
      held = held.subarray(5 + length);
    }
  }
}

function isKind(kind: string): kind is Frame['kind'] {
  return KINDS.has(kind);
}
