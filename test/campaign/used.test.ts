import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsedSoFar } from '../../campaign/used.ts';
import type { Trial } from '../../suites/model.ts';
import { fakeNode } from './fake-fleet.ts';
import { fakePlan } from './fake-suite.ts';

const test = suite('used');

const trial = (node: string): Trial => ({
  id: `one@${node}#0`,
  case: 'one',
  nodes: [node],
  ordinal: 0,
  round: 0,
  why: 'planned',
});

test('what was used is the longer of the trials, one after another on each node, and the clock', () => {
  const plan = fakePlan();
  const nodes = [fakeNode(0), fakeNode(1)];
  const used = new UsedSoFar(plan, nodes);
  const [first, second] = [trial('n0001'), trial('n0002')];
  used.attempt({ trial: first, seconds: 100 });
  // A second try is of the same trial.
  used.attempt({ trial: first, seconds: 50 });
  used.attempt({ trial: second, seconds: 20 });
  used.endRound([first, second], new Set());
  assert.equal(used.total(3), { trials: 2, rounds: 1, wallTime: 150, nodeHours: (2 * 150) / 3600 });
  assert.is(used.total(3600).nodeHours, 2);
});

test.run();
