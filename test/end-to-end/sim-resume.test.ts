import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { attemptsOf, Workplace } from './command-line.ts';

const test = suite('a large simulated run, killed and resumed');

const place = new Workplace();
test.after(() => place.remove());

/** Enough for the judge to have a thread of its own. */
const NODES = 300;
/** Seconds to the first new trial, at 10,000 nodes too (`npm run bench -- scale`). */
const RESUME = 10;

test('reaches the verdict of the run that nobody killed, byte for byte, and goes on at once', async () => {
  const fixture = fileURLToPath(
    new URL('../../fixtures/plans/sim-64-one-slow.yaml', import.meta.url),
  );
  const plan = parse(readFileSync(fixture, 'utf8')) as {
    delivery: { count: number };
    fleet: { nodes: number };
  };
  plan.delivery.count = NODES;
  plan.fleet.nodes = NODES;
  place.write('plan.yaml', plan);
  const whole = await place.run('accept', 'plan.yaml', '--out', 'whole');
  assert.is(whole.code, 1, whole.text);
  const [expected = ''] = place.runs('whole');

  const killed = place.start(['accept', 'plan.yaml', '--out', 'killed']);
  await killed.saw(/round 1/u);
  const [run = ''] = place.runs('killed');
  const journal = join(run, 'journal.ndjson');
  const half = statSync(join(expected, 'journal.ndjson')).size / 2;
  while (statSync(journal).size < half) await pause(10);
  killed.child.kill('SIGKILL');
  await killed.ended;
  assert.not(existsSync(join(run, 'verdict.json')));
  const before = new Set(attemptsOf(run).map(({ attempt }) => attempt));
  const size = statSync(journal).size;

  const began = performance.now();
  const resumed = place.start(['resume', run]);
  while (!readFileSync(journal).subarray(size).includes('"event":"trial-start"')) await pause(10);
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds <= RESUME, `${seconds} s to the first new trial`);
  const end = await resumed.ended;
  assert.is(end.code, 1, end.text);

  // A trial that was cut off has another attempt, by its number.
  const words = (path: string) =>
    readFileSync(join(path, 'verdict.json'), 'utf8').replaceAll(/(#\d+)\/\d+/gu, '$1');
  assert.ok(words(run) === words(expected), 'verdict.json is another');
  const all = attemptsOf(run).map(({ attempt }) => attempt);
  assert.is(new Set(all).size, all.length, 'no attempt is made twice');
  assert.ok(before.size > NODES, 'it was killed after the inventory');
  const verified = await place.run('verify', run);
  assert.is(verified.code, 0, verified.text);
});

test.run();
