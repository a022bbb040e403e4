import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Node } from '../../../runners/model.ts';
import { blameGroups, clusterChance } from '../../../verdicts/localisation/common-cause.ts';
import { createHalving } from '../../../verdicts/localisation/halving.ts';
import { intermittentWord, roundsToShow } from '../../../verdicts/localisation/intermittent.ts';
import { fleet } from '../fleet.ts';

const ids = (n: number) => fleet(n).map((node) => node.id);

/** Runs a search to its end. @returns what it found and in how many rounds */
function halve(nodes: readonly string[], bad: (group: ReadonlySet<string>) => boolean) {
  const search = createHalving(nodes);
  let rounds = 0;
  for (let groups = search.next(); groups.length > 0; groups = search.next()) {
    assert.is(new Set(groups.flat()).size, groups.flat().length, 'disjoint');
    rounds += 1;
    assert.ok(rounds < 60, 'ends');
    for (const group of groups) search.tell(group, bad(new Set(group)));
  }
  return { ...search.found, rounds };
}

test('halving names one node of 512 in ten rounds', () => {
  const seen = halve(ids(512), (group) => group.has('n0137'));
  assert.equal(seen.nodes, ['n0137']);
  assert.equal([seen.links.length, seen.whole.length], [0, 0]);
  assert.ok(seen.rounds <= 10, `${seen.rounds} rounds`);
});

test('halving names several nodes, of an odd number too', () => {
  for (const n of [5, 17, 63, 64]) {
    const seen = halve(ids(n), (group) => group.has('n0002') || group.has('n0005'));
    assert.equal(seen.nodes, ['n0002', 'n0005'], `${n} nodes`);
  }
});

test('both halves well: the fault is in the cut, and its two ends are named', () => {
  const seen = halve(ids(64), (group) => group.has('n0003') && group.has('n0060'));
  assert.equal(seen.links, [['n0003', 'n0060']]);
  assert.equal(seen.nodes, []);
});

test('what shows at full size only is said to, and two nodes have nobody else to ask', () => {
  const seen = halve(ids(16), (group) => group.size === 16);
  assert.is(seen.whole.length, 1);
  assert.equal(seen.nodes, []);
  assert.is(halve(ids(2), () => true).whole.length, 1);
});

const four = (n: number): Node[] => fleet(n, 1);

test('three bad nodes of one leaf of 32 are no accident among 512: the chance alone decides', () => {
  const leafed = fleet(512, 1).map((node, at) => ({
    ...node,
    domains: [{ kind: 'leaf' as const, id: `l${at >> 5}`, from: 'plan' as const }],
  }));
  const [blamed] = blameGroups(leafed, new Set(['n0033', 'n0040', 'n0064']));
  assert.is(blamed?.domain.id, 'l1');
  assert.ok((blamed?.p ?? 1) < 0.01);
  assert.equal(blameGroups(leafed, new Set(['n0033', 'n0040'])), [], 'two of them may be one');
});

test('a rack of which most are at fault is blamed, scattered faults blame none', () => {
  const [blamed, ...more] = blameGroups(four(64), new Set(['n0005', 'n0006', 'n0007', 'n0008']));
  assert.equal(blamed?.domain, { kind: 'rack', id: 'r1', from: 'plan' });
  assert.is(more.length, 0);
  assert.ok((blamed?.p ?? 1) < 1e-4);
  assert.equal(blameGroups(four(64), new Set(['n0001', 'n0009', 'n0030', 'n0062'])), []);
  assert.equal(blameGroups(four(64), new Set(four(64).map((node) => node.id))), []);
  assert.equal(blameGroups(four(64), new Set(['n0005'])), []);
});

test('a version that only the nodes at fault have is blamed', () => {
  const nodes = four(64).map((node, at) =>
    at % 9 === 0 ? { ...node, environment: { driver: '550.54', vbios: 'old' } } : node,
  );
  const own = nodes.filter((node) => node.environment['vbios'] === 'old').map((node) => node.id);
  const [blamed] = blameGroups(nodes, new Set(own));
  assert.equal(blamed?.domain, { kind: 'environment', id: 'vbios old' });
});

test('the chance of a cluster is hypergeometric', () => {
  assert.ok(Math.abs(clusterChance(2, 64, 2, 8) - 28 / 2016) < 1e-12);
  assert.is(clusterChance(0, 64, 2, 8), 1);
});

test('rounds are counted for what shows in some of them only', () => {
  assert.is(roundsToShow(0.2, 0.01), 21);
  assert.is(intermittentWord(0, 10), undefined);
  assert.is(intermittentWord(5, 21), 'yes');
  assert.is(intermittentWord(1, 100), 'no');
});

test.run();
