import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../../plan/errors.ts';
import type { Clock } from '../../../runners/cloud/clock.ts';
import { keysInConsole } from '../../../runners/cloud/host-keys.ts';
import { optionalPackage } from '../../../runners/cloud/optional-package.ts';
import { checkEndpoint } from '../../../runners/cloud/options.ts';
import {
  expiryTag,
  inScope,
  readOwnership,
  requestToken,
} from '../../../runners/cloud/ownership.ts';
import { bucket } from '../../../runners/cloud/pace.ts';
import { codeOf, providerError, reasonOf, type Reason } from '../../../runners/cloud/problem.ts';
import { retried } from '../../../runners/cloud/retry.ts';

const test = suite('clouds: what all share');

/** Time that passes only by waiting. */
function handClock(): Clock & { waited: number[] } {
  let now = 0;
  const waited: number[] = [];
  return {
    waited,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waited.push(ms);
      now += ms;
    },
  };
}

const said = { provider: 'x', code: 'C', message: 'm', operation: 'O' };

test('each word has an error code of its own, and comes back from it', () => {
  const words: readonly Reason[] = [
    'no-capacity',
    'reservation-full',
    'quota',
    'permission',
    'credentials',
    'invalid',
    'throttled',
    'conflict',
    'transient',
    'gone',
  ];
  assert.is(new Set(words.map(codeOf)).size, words.length);
  for (const word of words) {
    const error = providerError(word, said);
    assert.is(reasonOf(error), word);
    assert.is(error.exitCode, 4);
    assert.ok(error.hint);
  }
});

test('a bucket gives its size at once and then its rate, whatever the steps', async () => {
  const clock = handClock();
  const pace = bucket({ size: 1000, refill: 2 }, clock);
  for (let sent = 0; sent < 3000; sent += 100) await pace(100);
  // (3000 - 1000) / 2
  assert.ok(Math.abs(clock.now() / 1000 - 1000) < 1, String(clock.now()));
});

test('more tokens than a bucket holds are paid for by those who come after', async () => {
  const clock = handClock();
  const pace = bucket({ size: 5, refill: 1 }, clock);
  await pace(15);
  await pace(1);
  assert.ok(clock.now() >= 11_000, String(clock.now()));
});

test("a no of the provider's makes ours slower once, not for ever", async () => {
  const clock = handClock();
  const pace = bucket({ size: 100, refill: 1 }, clock);
  await pace(100);
  pace.slow();
  await pace(10);
  assert.ok(Math.abs(clock.now() - 11_000) < 50, String(clock.now()));
  await pace(10);
  assert.ok(Math.abs(clock.now() - 21_000) < 50, String(clock.now()));
});

test('one who gives up does not stop those behind', async () => {
  const clock = handClock();
  const pace = bucket({ size: 1, refill: 1 }, clock);
  await pace(1);
  const gone = pace(1, AbortSignal.abort());
  const next = pace(1);
  await gone.then(
    () => assert.unreachable(),
    () => undefined,
  );
  await next;
});

test('tries end: bounded in time, at once for what is final, with what the provider asks for', async () => {
  const clock = handClock();
  const tries = { clock, random: () => 0.5, signal: new AbortController().signal };
  let calls = 0;
  const failing = (reason: Reason, retryAfter?: number) => async () => {
    calls += 1;
    throw providerError(reason, { ...said, ...(retryAfter !== undefined && { retryAfter }) });
  };
  const outcome = (reason: Reason, after?: number) =>
    retried(failing(reason, after), tries, { total: 60 }).then(
      () => 'done',
      (error: unknown) => reasonOf(error),
    );
  assert.is(await outcome('quota'), 'quota');
  assert.is(calls, 1);
  const before = clock.now();
  assert.is(await outcome('throttled'), 'throttled');
  assert.ok(clock.now() - before <= 60_000);
  assert.ok(calls > 4);
  clock.waited.length = 0;
  await outcome('throttled', 25);
  assert.ok(clock.waited.length > 0 && clock.waited.every((ms) => ms >= 25_000));
});

test('marks: only ours, by run or by expiry; a mark that can not be read is never past it', () => {
  const marks = { run: 'r', owner: 'o', expires: 1_800_000_000_000 };
  assert.equal(readOwnership('r', 'o', expiryTag(marks)), marks);
  assert.is(readOwnership(undefined, 'o', '1800000000'), undefined);
  const odd = readOwnership('r', 'o', 'soon');
  if (odd === undefined) throw new Error('it carries our mark');
  assert.is(inScope(odd, { runs: [], expiredBy: Number.MAX_SAFE_INTEGER }), false);
  assert.is(inScope(odd, { runs: ['r'] }), true);
  assert.is(inScope(marks, { runs: ['other'], expiredBy: 1_700_000_000_000 }), false);
  assert.is(inScope(marks, { runs: [], expiredBy: 1_900_000_000_000 }), true);
});

test('the same request has the same token, another has another', () => {
  assert.is(requestToken(40, 'r', 'place', 1), requestToken(40, 'r', 'place', 1));
  assert.is.not(requestToken(40, 'r', 'place', 1), requestToken(40, 'r', 'place', 2));
  assert.is.not(requestToken(40, 'ab', 'c'), requestToken(40, 'a', 'bc'));
  assert.is(requestToken(40, 'r').length, 40);
});

test('host keys are read from between their marks only', () => {
  const key = `ssh-ed25519 ${'A'.repeat(68)}`;
  const begin = '-----BEGIN SSH HOST KEY KEYS-----';
  const end = '-----END SSH HOST KEY KEYS-----';
  assert.equal(keysInConsole(`boot\r\n${begin}\r\n${key} root@ip\r\n${end}\r\n`), [key]);
  assert.equal(keysInConsole(`${key}\n`), []);
  assert.equal(keysInConsole(`${begin}\n${key}\n`), [], 'not whole yet');
  assert.equal(keysInConsole(`${begin}\nfoo\n${end}`), []);
  const other = `ssh-ed25519 ${'B'.repeat(68)}`;
  const twice = `${begin}\n${key}\n${end}\n${begin}\n${other}\n${end}`;
  assert.equal(keysInConsole(twice), [other], 'the last boot counts');
});

test("an endpoint that is not the provider's needs stand-in: true", () => {
  const own = ['.amazonaws.com'];
  checkEndpoint(undefined, own, false);
  checkEndpoint('https://vpce-1.ec2.us-east-1.vpce.amazonaws.com', own, false);
  checkEndpoint('http://127.0.0.1:5000', own, true);
  for (const bad of [
    'http://127.0.0.1:5000',
    'http://ec2.amazonaws.com',
    'https://amazonaws.com.evil.io',
  ]) {
    assert.throws(
      () => checkEndpoint(bad, own, false),
      (error: unknown) => error instanceof HarnessError && error.code === 'PLAN_INVALID',
    );
  }
});

test('a missing package is named with the command that installs it', async () => {
  const absent = async () => {
    throw Object.assign(new Error('x'), { code: 'ERR_MODULE_NOT_FOUND' });
  };
  try {
    await optionalPackage('@aws-sdk/client-ec2', absent);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, HarnessError);
    assert.is((error as HarnessError).code, 'PROVIDER_PACKAGE_MISSING');
    assert.match((error as HarnessError).hint, /npm install @aws-sdk\/client-ec2/u);
  }
});

test.run();
