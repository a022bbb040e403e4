/** Cells as Parquet's PLAIN encoding has them. */
import { endianness } from 'node:os';

/** Each text with its length in bytes (uint32) before it. */
export function plainTexts(texts: readonly string[]): Uint8Array {
  let bytes = Buffer.allocUnsafe(texts.length * 32 + 64);
  let at = 0;
  for (const text of texts) {
    const most = at + 4 + text.length * 3;
    if (most > bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(most, bytes.length * 2));
      bytes.copy(larger, 0, 0, at);
      bytes = larger;
    }
    const length = bytes.write(text, at + 4, 'utf8');
    bytes.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return bytes.subarray(0, at);
}

/** Doubles, or whole numbers that a double holds exactly, in 64 bits; least significant byte first. */
export function plainNumbers(type: 'DOUBLE' | 'INT64', numbers: Float64Array): Uint8Array {
  if (type === 'DOUBLE' && endianness() === 'LE') {
    return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  }
  const bytes = Buffer.allocUnsafe(numbers.length * 8);
  numbers.forEach((value, at) => {
    if (type === 'DOUBLE') bytes.writeDoubleLE(value, at * 8);
    else {
      const high = Math.floor(value / 2 ** 32);
      bytes.writeUInt32LE(value - high * 2 ** 32, at * 8);
      bytes.writeInt32LE(high, at * 8 + 4);
    }
  });
  return bytes;
}
