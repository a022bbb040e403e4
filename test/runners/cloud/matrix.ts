/** What can go wrong with a provider, the same for each: right word, right exit code, nothing left. */
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Trouble } from '../../../fixtures/clouds/model.ts';
import type { HarnessError } from '../../../plan/errors.ts';
import { attempt, FACTOR, type Attempted, type Subject } from './plane.ts';

type Said = readonly [code: string, status: number];

/** The provider's words for what goes wrong. */
export interface Words {
  /** In the message when there is no room. */
  readonly noRoom: RegExp;
  /** The error code when there is no room. */
  readonly noRoomCode: string;
  /** The same for machines that fail after a success. */
  readonly late: RegExp;
  readonly lateCode: string;
  readonly quota: Said;
  readonly credentials: Said;
  readonly throttled: Said;
  readonly invalid: Said;
  /** Another place may have room. */
  readonly elsewhere: Said;
  /** In the reason of what can't be deleted. */
  readonly stuck: RegExp;
}

/** Adds every line of the matrix to a suite. */
export function addMatrix(test: Test, subject: Subject, words: Words): void {
  const { launch, list, launches = 1 } = subject;
  const error = (
    operation: string,
    [code, status]: Said,
    more: Partial<Trouble> = {},
  ): Trouble => ({
    operation,
    does: 'error',
    code,
    status,
    message: code,
    times: 1,
    ...more,
  });

  test('no capacity: said as such, nothing left', async () => {
    const result = await attempt(subject, { capacity: 0 }, []);
    assert.is(failed(result).code, words.noRoomCode);
    assert.match(failed(result).message, words.noRoom);
    assert.is(String(failed(result).details['missing']).split('\n').length, 8, 'a reason each');
    assert.is(result.calls.get(launch), 1, 'asked once, not three times');
    nothingLeft(result);
  });

  test('60 of 64 under a minimum of 64: given back, with the reason of the four', async () => {
    const result = await attempt(subject, { capacity: 60 }, [], { nodes: 64 });
    assert.is(failed(result).code, words.noRoomCode);
    assert.match(failed(result).message, /60 of 64/u);
    assert.is(failed(result).details['delivered'], 60);
    nothingLeft(result);
  });

  test('60 of 64 at a minimum of 60: handed over, four slots missing', async () => {
    const result = await attempt(subject, { capacity: 60 }, [], { nodes: 64, minimum: 60 });
    came(result, 60, 4);
    for (const one of result.slots?.filter((slot) => 'reason' in slot) ?? []) {
      assert.is(one.code, words.noRoomCode);
      assert.match(one.reason, words.noRoom);
    }
    nothingLeft(result);
  });

  test('machines that fail after a success are asked for again, and come', async () => {
    const result = await attempt(subject, { failing: 3 }, []);
    came(result, 8);
    assert.ok((result.calls.get(launch) ?? 0) >= 2);
    nothingLeft(result);
  });

  test('machines that keep failing are missing, each with its reason', async () => {
    const result = await attempt(subject, { failing: 1000 }, []);
    assert.is(failed(result).code, words.lateCode);
    assert.match(failed(result).message, words.late);
    nothingLeft(result);
  });

  test('quota: said as such', async () => {
    const message = 'exceeding approved family Cores quota. Current Limit: 10';
    const result = await attempt(subject, {}, [error(launch, words.quota, { message })]);
    assert.is(failed(result).code, 'PROVIDER_QUOTA');
    nothingLeft(result);
  });

  test('another place of the plan is tried where this one has no room', async () => {
    const result = await attempt(subject, {}, [error(launch, words.elsewhere)], { places: 2 });
    came(result, 8);
    nothingLeft(result);
  });

  test('wrong credentials: no retry, nothing made', async () => {
    const result = await attempt(subject, {}, [error('*', words.credentials, { times: 1000 })]);
    assert.is(failed(result).code, 'PROVIDER_CREDENTIALS');
    assert.is(result.calls.get(launch), undefined);
    nothingLeft(result);
  });

  test('an expired token in the midst: renewed once, and on', async () => {
    const result = await attempt(subject, { startingFor: 50 }, [error(list, words.credentials)]);
    came(result, 8);
    nothingLeft(result);
  });

  test('credentials that end for good once machines are there: told, and found later', async () => {
    const result = await attempt(subject, { startingFor: 200 }, [
      error('*', words.credentials, {
        times: 100_000,
        since: { operation: launch, calls: launches },
      }),
    ]);
    assert.is(failed(result).code, 'PROVIDER_RELEASE_FAILED');
    assert.match(failed(result).hint, /sweep/u);
    assert.ok(result.left.length >= 8);
  });

  test('throttled for a minute: the user never hears of it', async () => {
    const until = Date.now() + 60_000 / (subject.factor ?? FACTOR);
    const [code, status] = words.throttled;
    const throttled: Trouble = { operation: '*', does: 'error', code, status, until };
    const result = await attempt(subject, {}, [throttled]);
    came(result, 8);
    nothingLeft(result);
  });

  test('the connection is cut after the server acted: the same call, no second launch', async () => {
    const cut: Trouble = { operation: launch, does: 'cut-after', times: 2 };
    const result = await attempt(subject, {}, [cut]);
    came(result, 8);
    assert.is(result.calls.get(launch), launches + 2);
    nothingLeft(result);
  });

  test('the connection is cut before: tried again', async () => {
    const result = await attempt(subject, {}, [{ operation: '*', does: 'cut', times: 3 }]);
    came(result, 8);
    nothingLeft(result);
  });

  test('an empty page with a link is a page', async () => {
    const result = await attempt(subject, { emptyPages: true }, []);
    came(result, 8);
    nothingLeft(result);
  });

  test('lists that lag behind do not make it ask twice', async () => {
    const result = await attempt(subject, { lag: 100 }, []);
    came(result, 8);
    assert.is(result.calls.get(launch), launches);
    nothingLeft(result);
  });

  test('an unknown state is not running; unknown fields pass', async () => {
    const result = await attempt(subject, { strange: true }, [], { minimum: 7 });
    came(result, 7, 1);
    nothingLeft(result);
  });

  test('a release that lags is waited for', async () => {
    const result = await attempt(subject, { endingFor: 250 }, []);
    came(result, 8);
    nothingLeft(result);
  });

  test('one node that can not be deleted is named, and the others are gone', async () => {
    const result = await attempt(subject, { undeletable: 1 }, [], { release: 120 });
    came(result, 8);
    const named = new Set(result.erased?.left.map(({ resource }) => resource.id));
    assert.ok(result.left.length > 0);
    for (const { id } of result.left) assert.ok(named.has(id), `${id} is named`);
    assert.ok(result.erased?.left.some(({ reason }) => words.stuck.test(reason)));
  });

  test('what the provider does not take stops it at once', async () => {
    const result = await attempt(subject, {}, [error(launch, words.invalid)]);
    assert.is(failed(result).code, 'PROVIDER_INVALID');
    assert.is(result.calls.get(launch), 1);
    nothingLeft(result);
  });
}

/** So many machines and so many slots without one. */
function came({ slots, error }: Attempted, machines: number, missing = 0): void {
  assert.ok(slots, String(error));
  assert.is(slots.filter((one) => 'machine' in one).length, machines);
  assert.is(slots.filter((one) => 'reason' in one).length, missing);
}

function failed({ error }: Attempted): HarnessError {
  if (error === undefined) throw new Error('it succeeded');
  assert.is(error.exitCode, 4);
  return error;
}

function nothingLeft({ left, erased, neighbours }: Attempted): void {
  assert.equal(left, []);
  assert.equal(erased?.left ?? [], []);
  assert.ok(neighbours >= 2, 'the neighbours live on');
}
