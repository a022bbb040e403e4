/** Row 10: Azure NHC passes an empty bandwidth, and exits 0 on an unsupported SKU. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ofNode, output } from '../../bin/selftest/edits.ts';
import { HarnessError } from '../../plan/errors.ts';
import { importers } from '../../suites/nccl/importers.ts';
import { accepted } from './small-fleet.ts';

/** What awk makes of the log, held against the floor: nothing is not less than something. */
function nhc(log: string, floor: number): 'PASS' | 'FAIL' {
  const bandwidth = Number.parseFloat(/Avg bus bandwidth\s*:\s*(\S*)/u.exec(log)?.[1] ?? '');
  return bandwidth < floor ? 'FAIL' : 'PASS';
}

const file = new URL('../../fixtures/faults/nccl-tests-no-rows.synthetic.log', import.meta.url);
const log = readFileSync(file, 'utf8');
const suites = 'nccl: { collectives: [all_reduce], sizes: [16 GiB], scopes: [node] }';
const criteria = `
  - { id: all-reduce, metric: nccl.all_reduce.busbw, where: { scope: node, bytes: 16 GiB },
      per: node, at-least: 350 GB/s, nominal: 365 GB/s, source: contract }`;

test('row 10, Azure NHC: a log without a single row passes there', () => {
  assert.is(nhc(log, 431), 'PASS');
});

test('row 10, Azure NHC: the same log can’t be read here', () => {
  const tool = importers.find((one) => one.tool === 'nccl-tests');
  assert.throws(
    () => tool?.read(log, { file: 'no-rows.log' }),
    (error: unknown) => error instanceof HarnessError && error.exitCode === 4,
  );
});

test('row 10, Azure NHC: a program that prints nothing fails its node here', async () => {
  const nothing = output(ofNode('n0002'), () => []);
  const ours = await accepted({ suites, criteria }, { bytes: nothing });
  assert.is(ours.exit, 1);
  assert.match(ours.node('n0002'), /^fail: .*OUTPUT_INCOMPLETE/u);
});

test.run();
