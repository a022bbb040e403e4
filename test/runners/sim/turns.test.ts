import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setImmediate as tick } from 'node:timers/promises';
import { Turns } from '../../../runners/sim/turns.ts';

const test = suite('turns');

test('no more than 64 attempts print at once, and all of them get their turn', async () => {
  const turns = new Turns();
  let now = 0;
  let most = 0;
  let ended = 0;
  const attempt = async (id: string) => {
    await turns.take(id);
    now += 1;
    most = Math.max(most, now);
    await tick();
    now -= 1;
    turns.give(id);
    ended += 1;
  };
  await Promise.all(Array.from({ length: 500 }, (_, at) => attempt(`a${at}`)));
  assert.is(most, 64);
  assert.is(ended, 500);
});

test('a step that comes late does not wait behind attempts that have not begun', async () => {
  const turns = new Turns();
  let ended = 0;
  const attempt = async (id: string) => {
    const companion = turns.take(id);
    // Its second step comes when hundreds of other attempts wait already.
    await tick();
    await Promise.all([companion, turns.take(id)]);
    turns.give(id);
    turns.give(id);
    ended += 1;
  };
  await Promise.all(Array.from({ length: 300 }, (_, at) => attempt(`a${at}`)));
  assert.is(ended, 300);
});

test.run();
