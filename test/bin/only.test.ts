import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { onlyNodes, readNodes } from '../../bin/only.ts';
import type { HarnessError } from '../../plan/errors.ts';
import { FakeFleet, fakeRunner } from '../campaign/fake-fleet.ts';
import { testContext } from '../runners/context.ts';

const test = suite('--only');
const signal = new AbortController().signal;

function fakeFleet(): FakeFleet {
  return new FakeFleet({ count: 5, process: () => ({ output: '' }) });
}

async function opened(words: readonly string[], fleet = fakeFleet()) {
  const part = await onlyNodes(fakeRunner(fleet), words).open(testContext(), signal);
  return {
    nodes: part.nodes.map((node) => node.id),
    missing: part.missing.map(({ node, code }) => [node.id, code]),
  };
}

test('ids and names choose nodes; the others stay in the delivery and say why', async () => {
  assert.equal(await opened(['n0002', 'secret-host-4.lab']), {
    nodes: ['n0002', 'n0004'],
    missing: [
      ['n0001', 'NOT_SELECTED'],
      ['n0003', 'NOT_SELECTED'],
      ['n0005', 'NOT_SELECTED'],
    ],
  });
});

test('a node that is not there is a usage error, and the fleet is given back', async () => {
  const fleet = fakeFleet();
  let error: HarnessError | undefined;
  try {
    await opened(['n0002', 'n0099'], fleet);
  } catch (caught) {
    error = caught as HarnessError;
  }
  assert.is(error?.code, 'USAGE');
  assert.match(error?.message ?? '', /n0099/u);
  assert.equal(fleet.released, [[]]);
});

test('without it a runner is as it was', () => {
  const runner = fakeRunner(fakeFleet());
  assert.is(onlyNodes(runner, undefined), runner);
});

test('lists, ranges and files name nodes', async () => {
  assert.equal(await readNodes('n0003,gpu[009-011].lab'), [
    'n0003',
    'gpu009.lab',
    'gpu010.lab',
    'gpu011.lab',
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'assay-only-'));
  writeFileSync(join(folder, 'again.txt'), 'n0003 # slow\ngpu[1-2]\n');
  assert.equal(await readNodes(`file:${join(folder, 'again.txt')}`), ['n0003', 'gpu1', 'gpu2']);
  rmSync(folder, { recursive: true });
});

test.run();
