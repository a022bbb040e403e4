import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Reach } from '../../campaign/reach.ts';
import { Retries } from '../../campaign/retries.ts';
import type { Outcome, Trial } from '../../suites/model.ts';

const test = suite('retries');

function trial(node: string): Trial {
  return { id: `one@${node}#0`, case: 'one', nodes: [node], ordinal: 0, round: 1, why: 'planned' };
}

function failed(owner: 'harness' | 'reach' | 'node' | 'group'): Outcome {
  return { status: 'failed', owner, code: 'NO_TORCH', message: '', suspects: [] };
}

test('harness and reach get two more, node and group none', () => {
  const retries = new Retries(100);
  for (const owner of ['harness', 'reach'] as const) {
    const tries = [1, 2, 3].map((count) => retries.again(trial('n1'), failed(owner), count));
    assert.equal(tries, [true, true, false], owner);
  }
  assert.is(retries.again(trial('n1'), failed('node'), 1), false);
  assert.is(retries.again(trial('n1'), failed('group'), 1), false);
});

test('a harness failure on more than a fifth of the nodes is tried again on one of them only, until it passes', () => {
  const retries = new Retries(10);
  const again = (node: string) => retries.again(trial(node), failed('harness'), 1);
  assert.equal([again('n1'), again('n2')], [true, true]);
  assert.is(again('n3'), true, 'the canary');
  assert.equal([again('n4'), again('n5')], [false, false]);
  assert.is(retries.again(trial('n3'), { status: 'measured' }, 2), false);
  assert.is(again('n6'), true);
});

test('a node that is away is tried again at growing pauses, and fails past the grace', () => {
  const reach = new Reach(3, 100, 1);
  reach.failed(['n1'], 0);
  assert.equal(reach.away(['n1', 'n2'], 0.5), ['n1']);
  assert.equal(reach.away(['n1'], 1), []);
  reach.failed(['n1'], 1);
  assert.equal(reach.away(['n1'], 2.5), ['n1']);
  assert.equal(reach.past(['n1'], 99), []);
  assert.equal(reach.past(['n1'], 100), ['n1']);
  assert.is(reach.allAway(100), undefined);
  reach.failed(['n2', 'n3'], 100);
  assert.is(reach.allAway(130), 30);
  assert.equal(reach.past(['n1'], 130), [], 'with nobody left it is the network');
  reach.reached(['n2']);
  assert.is(reach.allAway(130), undefined);
});

test('nothing is begun on a node inside a maintenance window, until the last of its windows is over', () => {
  const reach = new Reach(2, 100, 1);
  reach.hold(['n1'], 'Freeze');
  reach.hold(['n1'], 'Reboot');
  reach.hold(['n1'], 'Reboot');
  assert.equal(reach.away(['n1', 'n2'], 1000), ['n1']);
  assert.equal(reach.past(['n1'], 1e6), [], 'that never counts against it');
  reach.reached(['n1']);
  reach.free(['n1'], 'Freeze');
  assert.equal(reach.away(['n1'], 1000), ['n1']);
  reach.free(['n1'], 'Reboot');
  assert.equal(reach.away(['n1'], 1000), []);
});

test('a node that others use is tried again and never fails for it', () => {
  const reach = new Reach(2, 100, 1);
  reach.failed(['n1'], 0, true);
  assert.equal(reach.away(['n1'], 0.5), ['n1']);
  assert.equal(reach.past(['n1'], 1000), []);
  reach.failed(['n2'], 1);
  assert.is(reach.allAway(1000), undefined, 'a fleet that others use is there');
  reach.reached(['n2']);
  reach.failed(['n1'], 1000);
  assert.equal(reach.past(['n1'], 1099), []);
  assert.equal(reach.past(['n1'], 1100), ['n1']);
});

test.run();
