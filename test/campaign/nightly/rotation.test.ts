import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  classesOf,
  classesOfPair,
  rotate,
  type Candidate,
} from '../../../campaign/nightly/rotation.ts';

const test = suite('rotation');

const candidate = (id: string, unseen: number, more: Partial<Candidate> = {}): Candidate => ({
  id,
  unseen,
  suspicion: 0,
  place: 'l1',
  ...more,
});
const none = new Map<string, number>();

test('suspects come first, then those never seen, then those unseen for longest', () => {
  const nodes = [
    candidate('fresh', 1),
    candidate('old', 6),
    candidate('new', Infinity),
    candidate('suspect', 1, { suspicion: 1 }),
    candidate('alarmed', 1, { suspicion: 2 }),
  ];
  const options = { every: 7, capacity: 4, seed: 1, classes: none };
  assert.equal(rotate(nodes, options), ['alarmed', 'suspect', 'new', 'old']);
});

test('every node is seen within k nights when the budget carries a k-th of them', () => {
  const seen = new Map<string, number>();
  const ids = Array.from({ length: 21 }, (_, at) => `n${at}`);
  for (let night = 0; night < 40; night += 1) {
    const nodes = ids.map((id) => candidate(id, night - (seen.get(id) ?? -Infinity)));
    const taken = rotate(nodes, { every: 7, capacity: 3, seed: night, classes: none });
    assert.is(taken.length, 3);
    for (const id of taken) seen.set(id, night);
    if (night >= 6) {
      for (const id of ids) assert.ok(night - (seen.get(id) ?? -Infinity) < 7, `${id} ${night}`);
    }
  }
});

test('pair classes are the links inside a place and those out of it', () => {
  assert.equal(classesOf(['a', 'a', 'b']), ['within a', 'across a', 'across b']);
  assert.equal(classesOf(['a', 'a']), ['within a']);
  assert.equal(classesOfPair('a', 'b'), ['across a', 'across b']);
  assert.equal(classesOfPair('a', 'a'), ['within a']);
});

test('a pair class that is due gets its nodes, in place of one that is neither suspect nor due', () => {
  const nodes = [
    candidate('a1', 5, { place: 'a' }),
    candidate('a2', 4, { place: 'a' }),
    candidate('a3', 9, { place: 'a' }),
    candidate('b1', 1, { place: 'b' }),
  ];
  const classes = new Map([
    ['across b', 8],
    ['within a', 1],
  ]);
  assert.equal(rotate(nodes, { every: 7, capacity: 2, seed: 1, classes }), ['a3', 'b1']);
  const due = new Map([['within b', 9]]);
  const taken = rotate(nodes, { every: 7, capacity: 4, seed: 1, classes: due });
  assert.is(taken.length, 4);
});

test('no capacity, no node', () => {
  const options = { every: 7, capacity: 0, seed: 1, classes: none };
  assert.equal(rotate([candidate('a', 1)], options), []);
});

test.run();
