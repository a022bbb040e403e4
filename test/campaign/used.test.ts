import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsedSoFar } from '../../campaign/used.ts';
import type { Attempt, StepExit, Trial } from '../../suites/model.ts';
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

const attempt = (of: Trial, ordinal: number, seconds: number): Attempt => {
  const exit: StepExit = {
    node: of.nodes[0] ?? '',
    rank: 0,
    seconds,
    ended: 'exited',
    code: 0,
    step: 0,
    role: 'rank',
  };
  // By the controller's clock it took no time at all: a simulated program.
  return {
    id: `${of.id}/${ordinal}`,
    trial: of,
    ordinal,
    startedAt: '',
    seconds: 0,
    exits: [exit],
  };
};

test('a fleet that says how long it took is believed, and a clock that went further is too', () => {
  const plan = fakePlan();
  const nodes = [fakeNode(0), fakeNode(1)];
  const used = new UsedSoFar(plan, nodes);
  const [first, second] = [trial('n0001'), trial('n0002')];
  used.attempt(attempt(first, 0, 100));
  // A second try is of the same trial.
  used.attempt(attempt(first, 1, 50));
  used.attempt(attempt(second, 0, 20));
  used.endRound([first, second], new Set());
  assert.equal(used.total(3), { trials: 2, rounds: 1, wallTime: 150, nodeHours: (2 * 150) / 3600 });
  assert.is(used.total(3600).nodeHours, 2);
});

test.run();
