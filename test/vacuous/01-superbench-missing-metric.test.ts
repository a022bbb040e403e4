/** Row 1: SuperBench notes a missing metric and doesn't count it (diagnosis_rule_op.py). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ofNode, records } from '../../bin/selftest/edits.ts';
import { accepted } from './small-fleet.ts';

/** Violations only: a value that is not there violates nothing. */
function superbench(node: Readonly<Record<string, number>>, floors: Record<string, number>) {
  const missed = Object.keys(floors).filter((metric) => node[metric] === undefined);
  const violated = Object.keys(floors).filter(
    (one) => (node[one] ?? Infinity) < (floors[one] ?? 0),
  );
  return { defective: violated.length > 0, missed };
}

test('row 1, SuperBench: a node without the metric passes there', () => {
  const seen = superbench({ 'mem-bw': 4.2e12 }, { 'mem-bw': 4e12, 'gemm-flops': 680e12 });
  assert.equal(seen, { defective: false, missed: ['gemm-flops'] });
});

test('row 1, SuperBench: a node without the metric is never accepted here', async () => {
  const dropped = records(ofNode('n0002'), (line) =>
    line['metric'] === 'matmul.gemm.throughput' ? undefined : line,
  );
  const ours = await accepted({}, { bytes: dropped });
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0001'), /^pass/u);
  assert.match(ours.node('n0002'), /^fail: .*OUTPUT_INCOMPLETE.*matmul\.gemm\.throughput/u);
});

test('row 1, SuperBench: a payload that measured nothing is not tested, though nobody is at fault', async () => {
  const skipped = records(ofNode('n0002'), (line) =>
    line['kind'] !== 'done'
      ? undefined
      : { ...line, ok: false, owner: 'harness', code: 'NOT_SUPPORTED', message: 'no bf16' },
  );
  const ours = await accepted({}, { bytes: skipped });
  assert.is(ours.exit, 3);
  assert.match(ours.node('n0002'), /^not-tested/u);
});

test.run();
