import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LineCounts } from '../../campaign/line-counts.ts';
import { LineSplitter } from '../../campaign/lines.ts';

const test = suite('line counts');

const name = (step: number) => ({
  key: `a/${step}.n1.stdout`,
  attempt: 'a',
  step,
  suite: 'fake',
  node: 'n1',
  rank: 0,
  stream: 'stdout' as const,
});

test('counts what a splitter would give, however the bytes were cut', () => {
  for (const text of ['', '\n', 'one', 'one\n', 'one\r\n\ntwo', 'x'.repeat(100_000), '\n\n\n']) {
    const bytes = Buffer.from(text);
    for (const size of [1, 2, 7, 200_000]) {
      const counts = new LineCounts();
      const splitter = new LineSplitter();
      for (let at = 0; at < bytes.length; at += size) {
        counts.bytes(name(0), bytes.subarray(at, at + size));
        splitter.push(bytes.subarray(at, at + size));
      }
      splitter.flush();
      assert.is(counts.endStream(name(0)), splitter.lines, JSON.stringify(text.slice(0, 20)));
    }
  }
});

test('who waits for a line of a step sees its lines, and no others', () => {
  const seen: string[] = [];
  const counts = new LineCounts({
    waits: (step) => step === 1,
    line: (step, text) => void seen.push(`${step} ${text}`),
  });
  counts.bytes(name(0), Buffer.from('nobody\n'));
  counts.bytes(name(1), Buffer.from('load'));
  counts.bytes(name(1), Buffer.from('ed\nserving\n'));
  assert.equal(seen, ['1 loaded', '1 serving']);
  assert.is(counts.endStream(name(1)), 2);
});

test.run();
