import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Reach } from '../../campaign/reach.ts';
import { watchFleet } from '../../campaign/watch.ts';
import type { Fleet, FleetEvent } from '../../runners/model.ts';

const test = suite('fleet events');

test('an attempt is marked before its event is on disk: it may end in between', async () => {
  const event: FleetEvent = {
    at: '2026-01-01T00:00:00Z',
    nodes: ['n1'],
    kind: 'preempted',
    detail: 'x',
  };
  const fleet: Pick<Fleet, 'events'> = {
    async *events() {
      yield event;
    },
  };
  let written = () => {};
  const disk = new Promise<void>((resolve) => {
    written = resolve;
  });
  const mark: { event?: FleetEvent } = {};
  const watch = watchFleet(
    fleet as Fleet,
    new Reach(1, 60, 1),
    new Map([['n1', mark]]),
    { journal: { append: () => disk } },
    new AbortController().signal,
  );
  await turn();
  assert.equal(mark.event, event);
  written();
  await watch.stop();
});

test.run();
