import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../../plan/random.ts';
import {
  randomMatching,
  roundRobin,
  roundsOfAll,
} from '../../../verdicts/localisation/matchings.ts';
import { vectors } from './vectors.ts';

const couples = (pairs: Int32Array) =>
  Array.from({ length: pairs.length / 2 }, (_, at) => [pairs[2 * at], pairs[2 * at + 1]]);

test('the round robin of eight is the published one', () => {
  const rounds = Array.from({ length: 7 }, (_, round) => couples(roundRobin(8, round).pairs));
  assert.equal(rounds, vectors.round_robin_n8_superbench);
});

test('every pair meets once, and of an odd number each waits once', () => {
  for (const n of [2, 3, 8, 17, 64]) {
    const met = new Set<string>();
    const waited = new Set<number>();
    for (let round = 0; round < roundsOfAll(n); round += 1) {
      const { pairs, bye } = roundRobin(n, round);
      assert.is(new Set(pairs).size, n - (n % 2), `${n} nodes, round ${round}: disjoint`);
      for (const couple of couples(pairs)) met.add(couple.sort((a, b) => a! - b!).join('~'));
      if (bye !== undefined) waited.add(bye);
    }
    assert.is(met.size, (n * (n - 1)) / 2);
    assert.is(waited.size, n % 2 === 1 ? n : 0);
  }
});

test('a random matching is perfect and disjoint, and whoever waited runs in the next round', () => {
  const random = stream(1, 'test');
  for (const n of [2, 5, 17, 512, 1001]) {
    let waited: number | undefined;
    for (let round = 0; round < 20; round += 1) {
      const { pairs, bye } = randomMatching(n, random, waited);
      assert.is(pairs.length, n - (n % 2));
      assert.is(new Set(pairs).size, pairs.length);
      assert.is(bye === undefined, n % 2 === 0);
      if (waited !== undefined) assert.ok(pairs.includes(waited));
      waited = bye;
    }
  }
});

test('one node has nobody to run with', () => {
  assert.is(roundsOfAll(1), 0);
  assert.is(randomMatching(1, () => 0).pairs.length, 0);
});

test.run();
