import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../../plan/errors.ts';
import { expandHosts } from '../../../runners/ssh/hostlist.ts';

const test = suite('host list');

test('ranges keep their zero padding', () => {
  const hosts = expandHosts('gpu[001-512].lab');
  assert.is(hosts.length, 512);
  assert.is(hosts[0], 'gpu001.lab');
  assert.is(hosts.at(-1), 'gpu512.lab');
});

test('brackets multiply, commas add, steps leap', () => {
  assert.equal(expandHosts('r[1-2]n[8-10],x,a[0-4/2,7]'), [
    'r1n8',
    'r1n9',
    'r1n10',
    'r2n8',
    'r2n9',
    'r2n10',
    'x',
    'a0',
    'a2',
    'a4',
    'a7',
  ]);
});

for (const bad of [
  '',
  'a,,b',
  'a[1-',
  'a]1[',
  'a[[1]]',
  'a[2-1]',
  'a[x]',
  'a[]',
  'a[1-3/0]',
  'a[1-999999999]',
  'a[0-999]b[0-999]c[0-9]',
  '-oProxyCommand=id',
  'a b',
  'a\u001b[31m',
]) {
  test(`${JSON.stringify(bad)} is refused`, () => {
    assert.throws(
      () => expandHosts(bad),
      (error: unknown) => error instanceof HarnessError && error.code === 'PLAN_INVALID',
    );
  });
}

test.run();
