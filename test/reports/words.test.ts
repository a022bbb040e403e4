import { subjectKey } from '../../plan/subject.ts';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeRanges, parametersText, subjectText } from '../../reports/words.ts';

test('runs of nodes are folded, the rest is counted', () => {
  const ids = (from: number, to: number, step = 1) =>
    Array.from(
      { length: Math.floor((to - from) / step) + 1 },
      (_, at) => `n${String(from + at * step).padStart(4, '0')}`,
    );
  assert.is(nodeRanges(['n0001']), 'n0001');
  assert.is(nodeRanges(['n0001', 'n0003']), 'n0001, n0003');
  assert.is(nodeRanges([...ids(1, 64), 'n0070']), 'n0001–n0064, n0070 (65 nodes)');
  assert.match(nodeRanges(ids(1, 99, 2)), /n0023, and 38 more \(50 nodes\)$/u);
  assert.is(nodeRanges(ids(9998, 10_001)), 'n9998–n10001 (4 nodes)');
});

test('parameters are said in words, sizes with their prefix', () => {
  assert.is(
    parametersText({ bytes: 8589934592, dtype: 'bf16', in_place: true }),
    '8 GiB, dtype bf16, in place true',
  );
});

test('a subject has one key whatever the order of its fields, and a name by its place', () => {
  assert.is(
    subjectKey({ kind: 'accelerator', node: 'n0001', accelerator: 'GPU-1' }),
    subjectKey({ accelerator: 'GPU-1', node: 'n0001', kind: 'accelerator' }),
  );
  assert.is(
    subjectText({ kind: 'accelerator', node: 'n0001', accelerator: 'GPU-1' }, () => 'GPU 3'),
    'n0001 · GPU 3',
  );
  assert.is(
    subjectText({ kind: 'link', ends: ['n0001', 'n0002'], rail: 3, finest: 'path' }),
    'n0001 ↔ n0002 rail 3',
  );
});

test.run();
