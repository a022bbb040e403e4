import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../../plan/random.ts';
import { decodePairs } from '../../../verdicts/localisation/belief.ts';
import { confirmed, confirmPartners } from '../../../verdicts/localisation/confirm.ts';
import { randomMatching } from '../../../verdicts/localisation/matchings.ts';
import { decodeFlows, flowRounds } from '../../../verdicts/localisation/noisy-or.ts';
import {
  bestOfRounds,
  chooseRounds,
  expectedErrors,
  upperTail,
} from '../../../verdicts/localisation/rounds.ts';
import { expectations, pairSigma, shortfalls } from '../../../verdicts/localisation/scatter.ts';
import { screenPairs } from '../../../verdicts/localisation/screen.ts';
import {
  elementsOf,
  uplinkOf,
  uplinkRound,
  type TwoTiers,
} from '../../../verdicts/localisation/uplinks.ts';
import { vectors } from './vectors.ts';

function normals(seed: number): () => number {
  const random = stream(seed, 'normals');
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Screen and confirm on n nodes of which the first k lose `distance` sigma. */
function search(
  n: number,
  k: number,
  distance: number,
  screens: number,
  confirms: number,
  seed: number,
) {
  const normal = normals(seed);
  const random = stream(seed, 'search');
  const measure = (one: number, other: number) => (one < k || other < k ? distance : 0) + normal();
  const suspects = new Uint8Array(n);
  for (let round = 0; round < screens; round += 1) {
    const { pairs } = randomMatching(n, random);
    const short = Float64Array.from({ length: pairs.length / 2 }, (_, at) =>
      measure(pairs[2 * at] as number, pairs[2 * at + 1] as number),
    );
    screenPairs(pairs, short, distance / 2, suspects);
  }
  const all = Int32Array.from({ length: n }, (_, at) => at);
  const own = all.filter((node) => suspects[node] === 1);
  const cleared = all.filter((node) => suspects[node] === 0);
  const had = Array.from({ length: own.length }, () => new Set<number>());
  const results: number[][] = Array.from({ length: own.length }, () => []);
  const place = new Map(Array.from(own, (node, at) => [node, at]));
  for (let round = 0; round < confirms; round += 1) {
    const partners = confirmPartners(
      own,
      cleared,
      random,
      (suspect, partner) => had[place.get(suspect) as number]?.has(partner) === true,
    );
    for (const [at, partner] of partners.entries()) {
      had[at]?.add(partner);
      results[at]?.push(measure(own[at] as number, partner));
    }
  }
  const bad = Array.from(own).filter((_, at) => confirmed(results[at] ?? [], distance / 2));
  const missed = k - bad.filter((node) => node < k).length;
  return { missed, false: bad.filter((node) => node >= k).length };
}

test('expected errors are those of the published table', () => {
  for (const row of vectors.localise_adaptive_formula_vs_sim) {
    const size = { nodes: row.N, faults: row.k, distance: row.dprime };
    const errors = expectedErrors(size, { screen: row.R1, confirm: row.R2 });
    assert.ok(Math.abs(errors.missed - row.formula_FN) < 6e-5, `missed ${errors.missed}`);
    assert.ok(Math.abs(errors.false - row.formula_FP) < 6e-5, `false ${errors.false}`);
  }
});

test('rounds of the best-of-R rule are those of the published table', () => {
  for (const row of vectors.localise_best_of_R_formula) {
    const size = { nodes: row.N, faults: row.k, distance: row.dprime };
    assert.is(bestOfRounds(size, row.eps), row.R, JSON.stringify(row));
  }
});

test('2 + 2 rounds are chosen at d′ = 6, 1 + 1 at d′ = 10, and none where sigma hides the fault', () => {
  const at = (distance: number) => chooseRounds({ nodes: 10_000, faults: 100, distance }, 0.05);
  assert.is(at(6)?.screen, 2);
  assert.is(at(6)?.confirm, 2);
  assert.is((at(10)?.screen ?? 0) + (at(10)?.confirm ?? 0), 2);
  assert.is(at(0.5), undefined);
  const after = chooseRounds(
    { nodes: 10_000, faults: 100, distance: 6 },
    0.01,
    upperTail(6 / Math.SQRT2),
  );
  assert.equal([after?.screen, after?.confirm], [0, 2]);
});

test('the formula is within 20 % of simulation', () => {
  const size = { nodes: 2000, faults: 100, distance: 3 };
  const expected = expectedErrors(size, { screen: 2, confirm: 3 });
  const seeds = 60;
  let missed = 0;
  let wrong = 0;
  for (let seed = 0; seed < seeds; seed += 1) {
    const seen = search(2000, 100, 3, 2, 3, seed);
    missed += seen.missed / seeds;
    wrong += seen.false / seeds;
  }
  assert.ok(Math.abs(missed / expected.missed - 1) < 0.2, `missed ${missed}, ${expected.missed}`);
  assert.ok(Math.abs(wrong / expected.false - 1) < 0.2, `false ${wrong}, ${expected.false}`);
});

test('2 + 2 rounds at d′ = 6 are exact in at least 95 of 100 searches', () => {
  let exact = 0;
  for (let seed = 0; seed < 100; seed += 1) {
    const seen = search(1000, 50, 6, 2, 2, 1000 + seed);
    if (seen.missed + seen.false === 0) exact += 1;
  }
  assert.ok(exact >= 95, `${exact} of 100`);
});

test('belief propagation finds 100 of 10,000 in three rounds at d′ = 6', () => {
  const nodes = 10_000;
  const normal = normals(5);
  const random = stream(5, 'belief');
  const pairs = new Int32Array(3 * nodes);
  for (let round = 0; round < 3; round += 1)
    pairs.set(randomMatching(nodes, random).pairs, round * nodes);
  const z = Float64Array.from(
    { length: pairs.length / 2 },
    (_, at) =>
      ((pairs[2 * at] as number) < 100 || (pairs[2 * at + 1] as number) < 100 ? 6 : 0) + normal(),
  );
  const odds = decodePairs({ nodes, pairs, z, distance: 6, rate: 0.01 });
  const bad = Array.from(odds.keys()).filter((node) => (odds[node] as number) > 0);
  assert.equal(
    bad,
    Array.from({ length: 100 }, (_, at) => at),
  );
});

test('every uplink carries one flow a round, and five of each kind are found in three rounds', () => {
  const network: TwoTiers = { leaves: 64, spines: 32, nodesPerLeaf: 32 };
  const random = stream(9, 'uplinks');
  const normal = normals(9);
  const elements = elementsOf(network);
  const bad = new Set([0, 77, 500, 1000, 2047]);
  for (const [leaf, spine] of [
    [0, 0],
    [3, 31],
    [20, 7],
    [40, 12],
    [63, 1],
  ] as const) {
    bad.add(uplinkOf(network, leaf, spine));
  }
  const rounds = Array.from({ length: 3 }, () => uplinkRound(network, random).paths);
  for (const paths of rounds) {
    assert.is(new Set(paths).size, paths.length, 'every node and every uplink once');
    assert.is(paths.length, elements);
  }
  const paths = Int32Array.from(rounds.flatMap((one) => [...one]));
  const z = Float64Array.from({ length: paths.length / 4 }, (_, at) => {
    const slow = [0, 1, 2, 3].some((one) => bad.has(paths[4 * at + one] as number));
    return (slow ? 6 : 0) + normal();
  });
  const odds = decodeFlows({ elements, paths, z, distance: 6, rate: 10 / elements });
  const named = Array.from(odds.keys()).filter((one) => (odds[one] as number) > 0);
  assert.equal(
    named,
    [...bad].sort((a, b) => a - b),
  );
  assert.is(flowRounds(elements, 10 / elements, upperTail(3), 0.05), 3);
});

test('each class has its own expectation, and a small one borrows', () => {
  const values = Float64Array.from([10, 10, 10, 10, 9, 5, 5, 5, 5, 4, 8]);
  const classes = Uint8Array.from([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2]);
  const expected = expectations({ values, classes }, new Map([[2, 8.5]]));
  assert.equal([...expected.values()], [10, 5, 8.5]);
  const short = shortfalls({ values, classes }, expected);
  assert.equal([...short], [0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0.5]);
});

test('sigma of a pair is measured from one matching run twice, whatever the faults among them', () => {
  const normal = normals(3);
  const draw = (fault: (at: number) => boolean) =>
    Float64Array.from({ length: 512 }, (_, at) => (fault(at) ? -0.06 : 0) + 0.01 * normal());
  const sigma = pairSigma(
    draw((at) => at < 20),
    draw((at) => at < 20),
  );
  assert.ok(sigma > 0.008 && sigma < 0.012, String(sigma));
});

test('a confirmation without results confirms nothing, and one that is no number does', () => {
  assert.not.ok(confirmed([], 1));
  assert.ok(confirmed([Number.NaN], 1));
  const suspects = new Uint8Array(2);
  screenPairs(Int32Array.from([0, 1]), Float64Array.from([Number.NaN]), 1, suspects);
  assert.equal([...suspects], [1, 1]);
});

test.run();
