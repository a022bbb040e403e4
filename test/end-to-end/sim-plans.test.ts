import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictOf, Workplace, words } from './command-line.ts';

const test = suite('the simulated plans of 64 nodes');

const place = new Workplace();
test.after(() => place.remove());
const fixture = (name: string) =>
  fileURLToPath(new URL(`../../fixtures/plans/${name}.yaml`, import.meta.url));

/** Runs a plan; exit code, lot and the nodes that are rejected. `npm run bench -- seeds` does it for 20 seeds. */
async function reached(name: string, seed: number) {
  const out = `${name}-${seed}`;
  const ran = await place.run('accept', fixture(name), '--seed', String(seed), '--out', out);
  const [run] = place.runs(out);
  const rejected = Object.entries(words(run)).filter(([, word]) => word === 'fail');
  return { code: ran.code, lot: verdictOf(run).lot.verdict, rejected: rejected.map(([id]) => id) };
}

test('good nodes are accepted', async () => {
  assert.equal(await reached('sim-64-healthy', 101), { code: 0, lot: 'accept', rejected: [] });
});

test('a fleet that is slow throughout is rejected, every node of it', async () => {
  const { code, rejected } = await reached('sim-64-uniformly-slow', 102);
  assert.is(code, 1);
  assert.is(rejected.length, 64);
});

test('one slow node is named, and it alone', async () => {
  const expected = { code: 1, lot: 'reject', rejected: ['n0017'] };
  assert.equal(await reached('sim-64-one-slow', 103), expected);
});

test('parts that differ and all conform are never rejected', async () => {
  const { code, rejected } = await reached('sim-64-spread', 104);
  assert.ok(code === 0 || code === 3, String(code));
  assert.equal(rejected, []);
});

test.run();
