import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { timeLimit } from '../../plan/limit.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('a limit beside other ends comes, whatever is collected meanwhile', async () => {
  const other = new AbortController();
  const seen: string[] = [];
  const listen = (name: string) => {
    timeLimit(0.2, other.signal).addEventListener('abort', () => seen.push(name));
    timeLimit(0.2).addEventListener('abort', () => seen.push(`${name} alone`));
  };
  listen('first');
  await pause(20);
  collect();
  await pause(400);
  assert.equal(seen.sort(), ['first', 'first alone']);
});

test('another end comes first, with its reason', () => {
  const other = new AbortController();
  const limit = timeLimit(60, other.signal);
  other.abort('ours');
  assert.is(limit.reason, 'ours');
});

test.run();
