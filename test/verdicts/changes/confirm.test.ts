/** Fresh runs confirm an alarm, or they do not. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { judgeFresh } from '../../../verdicts/changes/confirm.ts';
import type { Alarm, FreshRun } from '../../../verdicts/changes/model.ts';

const alarm: Alarm = {
  id: 'gemm · node serial:A',
  delivery: 'D',
  metric: 'matmul.gemm.throughput',
  parameters: { dtype: 'bf16' },
  scope: { kind: 'node', id: 'serial:A' },
  rules: ['shift'],
  raised: '2026-11-25',
  since: '2026-11-23',
  loss: 0.03,
  affected: 1,
  subjects: ['serial:A'],
  near: [],
  retest: [{ subject: 'serial:A', expected: 700 }],
  runs: 3,
  sigma: 0.005,
  margin: 0.01,
  better: 'higher',
};
const runs = (...values: number[]): FreshRun[] =>
  values.map((value) => ({ subject: 'serial:A', value }));

test('a loss that fresh runs show is confirmed, with its size', () => {
  const said = judgeFresh(alarm, runs(679, 680, 681));
  assert.is(said.word, 'confirmed');
  assert.ok(Math.abs(said.loss - 20 / 700) < 1e-3);
});

test('fresh runs at the expected level say that it recovered', () => {
  assert.is(judgeFresh(alarm, runs(700, 701, 699)).word, 'recovered');
});

test('no word is given before the first round is complete, and the rest of it is asked for', () => {
  const said = judgeFresh(alarm, runs(600));
  assert.is(said.word, 'more');
  assert.equal(said.next, ['serial:A', 'serial:A']);
  assert.is(judgeFresh(alarm, []).word, 'more');
});

test('at the limit itself the runs end without a word', () => {
  const limit = 700 * 0.99;
  assert.is(judgeFresh(alarm, runs(...Array<number>(9).fill(limit))).word, 'undecided');
});

test('a standing alarm closes over several nights where one is too noisy to say', () => {
  const noisy: Alarm = { ...alarm, sigma: 0.02 };
  let standing = noisy;
  let nights = 0;
  let word = '';
  // Healthy every night, and never so far above the limit that nine runs could prove it.
  while (word !== 'recovered' && nights < 30) {
    const said = judgeFresh(standing, runs(...Array<number>(9).fill(700)));
    word = said.word;
    standing = { ...standing, passing: said.passing };
    nights += 1;
  }
  assert.ok(nights > 1 && nights < 10, `${nights} nights`);
});

test('nights at the loss leave nothing that speaks for a recovery', () => {
  const said = judgeFresh({ ...alarm, passing: [3, 2, 1] }, runs(...Array<number>(9).fill(679)));
  assert.is(said.word, 'confirmed');
  assert.equal(said.passing, [0, 0, 0]);
});

test('where lower is better the ratio is turned over', () => {
  const latency: Alarm = { ...alarm, better: 'lower' };
  assert.is(judgeFresh(latency, runs(721, 722, 720)).word, 'confirmed');
  assert.is(judgeFresh(latency, runs(680, 679, 681)).word, 'recovered');
});

test('what is not of the alarm, or no value, is not counted', () => {
  const said = judgeFresh(alarm, [{ subject: 'serial:B', value: 600 }, ...runs(NaN, 0, -1)]);
  assert.is(said.n, 0);
  assert.is(said.word, 'more');
});

test.run();
