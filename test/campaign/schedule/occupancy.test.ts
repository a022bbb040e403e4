import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Occupancy } from '../../../campaign/schedule/occupancy.ts';
import { fakeNode } from '../fake-fleet.ts';

const test = suite('occupancy');

test('trials on one node follow each other, on two they overlap; a round waits for its last', () => {
  const occupancy = new Occupancy([fakeNode(0), fakeNode(1)]);
  occupancy.run(['n0001'], false, 3);
  occupancy.run(['n0002'], false, 4);
  occupancy.run(['n0001'], false, 2);
  occupancy.endRound();
  assert.is(occupancy.wall, 5);
  occupancy.run(['n0001', 'n0002'], false, 1);
  occupancy.endRound();
  assert.is(occupancy.wall, 6);
});

test('timed trials of nodes on one machine take turns, others do not', () => {
  const nodes = [fakeNode(0), fakeNode(1)].map((node) => ({ ...node, machine: 'one' }));
  const untimed = new Occupancy(nodes);
  for (const { id } of nodes) untimed.run([id], false, 2);
  untimed.endRound();
  assert.is(untimed.wall, 2);
  const timed = new Occupancy(nodes);
  for (const { id } of nodes) timed.run([id], true, 2);
  timed.endRound();
  assert.is(timed.wall, 4);
});

test('few places at once are the bottleneck', () => {
  const nodes = Array.from({ length: 8 }, (_, at) => fakeNode(at));
  const occupancy = new Occupancy(nodes, 2);
  for (const { id } of nodes) occupancy.run([id], false, 1);
  occupancy.endRound();
  assert.is(occupancy.wall, 4);
});

test.run();
