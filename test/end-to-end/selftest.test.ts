import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Selftest } from '../../bin/selftest/selftest.ts';
import { Workplace } from './command-line.ts';

const work = new Workplace();
test.after(() => work.remove());

/** Copied elsewhere, as a plan may be. */
function fixture(name: string): string {
  const from = new URL(`../../fixtures/plans/${name}.yaml`, import.meta.url);
  copyFileSync(fileURLToPath(from), work.path(`${name}.yaml`));
  return `${name}.yaml`;
}

function proved(text: string): Selftest {
  assert.is(text.trim().split('\n').length, 1, 'one document');
  const document = JSON.parse(text) as Selftest & { schema: string };
  assert.is(document.schema, 'assay/selftest/1');
  return document;
}

const isOther = (row: Selftest['rows'][number]) => row.after.verdict !== row.before.verdict;

test('every criterion and rule of sim-64-healthy changes the verdict from accept when broken', async () => {
  const ran = await work.run('selftest', fixture('sim-64-healthy'), '--json');
  const { before, rows, idle, ok } = proved(ran.stdout);
  assert.is(ran.code, 0, ran.text.slice(-3000));
  assert.ok(ok);
  assert.is(before.verdict, 'accept');
  assert.ok(rows.every((row) => row.changed && isOther(row)));
  assert.is(idle.length, 0);
  for (const id of ['bf16-sustained', 'gemm-correct', 'gemm-digest', 'row-remap-pending', 'xid']) {
    assert.ok(rows.some((row) => row.rule === `${id}/bound`));
    assert.ok(rows.some((row) => row.rule === `${id}/absent`));
  }
});

test('so does every one of the built-in plan, on simulated nodes', async () => {
  const ran = await work.run('selftest');
  assert.is(ran.code, 0, ran.text.slice(-3000));
  assert.match(ran.stdout, /^PASS: (\d+) of \1 breaks change the verdict as they must/mu);
  assert.not.match(ran.stdout, /^NOT/mu);
});

test('a plan whose healthy fleet is not accepted proves nothing: exit 70', async () => {
  const ran = await work.run('selftest', fixture('sim-64-uniformly-slow'));
  assert.is(ran.code, 70);
  assert.match(ran.stdout, /NOTHING PROVED: with nothing broken the plan ends in reject/u);
});

test.run();
