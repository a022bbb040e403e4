import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LINE_LIMIT, LineSplitter } from '../../campaign/lines.ts';
import { stream } from '../../plan/random.ts';

const test = suite('lines');

function split(bytes: Uint8Array, size: number) {
  const splitter = new LineSplitter();
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    lines.push(...splitter.push(bytes.subarray(at, at + size)));
  }
  lines.push(...splitter.flush());
  return { lines, count: splitter.lines, cut: splitter.cut };
}

test('lines are the same however the bytes were cut, with either end and without a last one', () => {
  const text = 'one\r\ntwo\n\nüñí\rfour\nlast';
  const bytes = Buffer.from(text);
  for (let size = 1; size < 30; size += 1) {
    const { lines, count } = split(bytes, size);
    assert.equal(lines, ['one', 'two', '', 'üñí\rfour', 'last']);
    assert.is(count, 5);
  }
});

test('a line over the limit is cut at a whole character and counted; the next is whole', () => {
  const bytes = Buffer.from(`${'x'.repeat(LINE_LIMIT - 1)}é and more\nnext\n`);
  for (const size of [bytes.length, 1000, 65_537]) {
    const { lines, cut } = split(bytes, size);
    assert.equal(lines, ['x'.repeat(LINE_LIMIT - 1), 'next']);
    assert.is(cut, 1);
  }
});

test('binary becomes valid text, the same for every cut', () => {
  const random = stream(2, 'binary');
  const bytes = Uint8Array.from({ length: 20_000 }, () => Math.floor(random() * 256));
  const whole = split(bytes, bytes.length);
  for (const size of [1, 7, 4096]) assert.equal(split(bytes, size), whole);
  for (const line of whole.lines) assert.is(Buffer.from(line).toString(), line);
});

test.run();
