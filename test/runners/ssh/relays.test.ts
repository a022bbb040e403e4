import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { largestGroup, relaysOf } from '../../../runners/ssh/relays.ts';

const test = suite('who carries whose connection');

const hosts = Array.from({ length: 10 }, (_, at) => ({ name: `g${at}` }));
const names = (choice: number | string | readonly string[]) =>
  relaysOf(hosts, choice).map((relay) => relay?.name ?? '-');

test('a number takes the first host of each group of neighbours', () => {
  assert.equal(names(2), ['-', 'g0', 'g0', 'g0', 'g0', '-', 'g5', 'g5', 'g5', 'g5']);
  assert.equal(names(3), ['-', 'g0', 'g0', 'g0', '-', 'g4', 'g4', '-', 'g7', 'g7']);
  assert.is(largestGroup(relaysOf(hosts, 3)), 3);
});

test('more relays than hosts: every host is its own', () => {
  assert.equal(new Set(names(20)), new Set(['-']));
  assert.is(largestGroup(relaysOf(hosts, 20)), 0);
});

test('named relays need not be of the fleet; those that are go directly, by their own row', () => {
  assert.equal(names('login[1-2]').slice(3, 7), ['login1', 'login1', 'login2', 'login2']);
  const rows = [{ name: 'a', port: 2222 }, { name: 'b' }];
  assert.equal(relaysOf(rows, ['a']), [undefined, { name: 'a', port: 2222 }]);
});

test.run();
