/** Bytes → lines: the same lines live and in replay, however the bytes were cut into chunks. */
import { isAscii } from 'node:buffer';

/** Bytes of a line that are kept; what follows up to its end is counted and dropped. */
export const LINE_LIMIT = 64 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Splits one stream; bytes that are no UTF-8 become U+FFFD. */
export class LineSplitter {
  /** Lines given so far. */
  lines = 0;
  /** Lines that were longer than the limit. */
  cut = 0;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #held: Uint8Array[] = [];
  #length = 0;
  #over = false;

  /** @returns the lines that these bytes complete, without their ends ("\n" or "\r\n") */
  push(bytes: Uint8Array): string[] {
    const lines = this.#plain(bytes);
    let from = lines.length === 0 ? 0 : bytes.lastIndexOf(NEWLINE) + 1;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, from);
      if (end < 0) break;
      if (this.#length === 0 && !this.#over && end - from <= LINE_LIMIT) {
        lines.push(this.#whole(bytes.subarray(from, end)));
      } else {
        this.#hold(bytes.subarray(from, end));
        lines.push(this.#take());
      }
      from = end + 1;
    }
    if (from < bytes.length) this.#hold(bytes.subarray(from));
    return lines;
  }

  /** Whole lines of plain ASCII, as nearly all are, in one go; none where any needs a closer look. */
  #plain(bytes: Uint8Array): string[] {
    if (this.#length > 0 || this.#over) return [];
    const end = bytes.lastIndexOf(NEWLINE);
    const whole = bytes.subarray(0, Math.max(0, end));
    if (end < 0 || !isAscii(whole)) return [];
    const text = Buffer.from(whole.buffer, whole.byteOffset, end).toString('latin1');
    if (text.includes('\r')) return [];
    const lines = text.split('\n');
    if (lines.some((line) => line.length > LINE_LIMIT)) return [];
    this.lines += lines.length;
    return lines;
  }

  /** At the end of the stream: the last line, where it had no end. */
  flush(): string[] {
    return this.#length === 0 && !this.#over ? [] : [this.#take()];
  }

  #hold(part: Uint8Array): void {
    const room = LINE_LIMIT - this.#length;
    if (part.length > room) this.#over = true;
    if (room <= 0 || part.length === 0) return;
    // A copy: the chunk is the runner's and may be used again.
    const kept = Uint8Array.prototype.slice.call(part, 0, room);
    this.#held.push(kept);
    this.#length += kept.length;
  }

  #take(): string {
    const [only] = this.#held;
    const bytes = this.#held.length === 1 && only !== undefined ? only : Buffer.concat(this.#held);
    const over = this.#over;
    this.#held = [];
    this.#length = 0;
    this.#over = false;
    if (!over) return this.#whole(bytes);
    this.cut += 1;
    this.lines += 1;
    return this.#decoder.decode(bytes.subarray(0, wholeCharacters(bytes)));
  }

  #whole(bytes: Uint8Array): string {
    this.lines += 1;
    return this.#decoder.decode(bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes);
  }
}

/** Length without a character that the cut took apart (at most three bytes of one). */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return size > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}
