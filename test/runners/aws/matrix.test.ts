import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Trouble, World } from '../../../fixtures/clouds/model.ts';
import type { HarnessError } from '../../../plan/errors.ts';
import { block, connected, controlPlane, FACTOR, givenBack, ours, provisioned } from './world.ts';

const test = suite('aws: what can go wrong');

type Attempted = Awaited<ReturnType<typeof attempt>>;

/** Provisions and gives back against a world without machines that can be reached. */
async function attempt(
  world: Partial<World>,
  troubles: readonly Trouble[],
  {
    nodes = 8,
    minimum = nodes,
    places,
  }: { nodes?: number; minimum?: number; places?: unknown } = {},
) {
  const standIn = await controlPlane(world);
  try {
    standIn.script(...troubles);
    const options = block(standIn.url, { nodes, ...(places !== undefined && { places }) });
    const plane = await connected(options);
    const { outcome, slots } = await provisioned(plane, nodes, minimum);
    const erased = slots === undefined ? undefined : await givenBack(plane);
    return { error: outcome, slots, erased, left: ours(standIn), standIn };
  } finally {
    await standIn.close();
  }
}

const error = (
  operation: string,
  code: string,
  status: number,
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

function nothingLeft({ left, standIn, erased }: Attempted): void {
  assert.equal(left, []);
  assert.equal(erased?.left ?? [], []);
  const neighbours = standIn.held().filter((one) => one.neighbour);
  assert.is(neighbours.length % 2, 0);
  assert.ok(neighbours.length >= 2, 'the neighbours live on');
}

test('no capacity: said as such, nothing made', async () => {
  const result = await attempt({ capacity: 0 }, []);
  assert.is(failed(result).code, 'PROVIDER_NO_CAPACITY');
  assert.is(failed(result).exitCode, 4);
  assert.match(failed(result).message, /0 of 8 machines.*InsufficientInstanceCapacity/u);
  assert.is(String(failed(result).details['missing']).split('\n').length, 8, 'a reason each');
  assert.is(result.standIn.calls.get('RunInstances'), 1, 'asked once, not three times');
  nothingLeft(result);
});

test('a full reservation is told apart from a zone without room', async () => {
  const places = [
    {
      region: 'us-east-1',
      subnet: 'subnet-0123456789abcdef0',
      reservation: 'cr-0123456789abcdef0',
    },
  ];
  const result = await attempt({ capacity: 0 }, [], { places });
  assert.is(failed(result).code, 'PROVIDER_RESERVATION_FULL');
  nothingLeft(result);
});

test('60 of 64 under a minimum of 64: given back, with the reason of the four', async () => {
  const result = await attempt({ capacity: 60 }, [], { nodes: 64 });
  assert.is(failed(result).code, 'PROVIDER_NO_CAPACITY');
  assert.match(failed(result).message, /60 of 64/u);
  assert.is(failed(result).details['delivered'], 60);
  nothingLeft(result);
});

test('60 of 64 at a minimum of 60: handed over, four slots missing', async () => {
  const result = await attempt({ capacity: 60 }, [], { nodes: 64, minimum: 60 });
  came(result, 60, 4);
  const missing = result.slots?.filter((one) => 'reason' in one) ?? [];
  for (const one of missing) {
    assert.is(one.code, 'PROVIDER_NO_CAPACITY');
    assert.match(one.reason, /InsufficientInstanceCapacity/u);
  }
  nothingLeft(result);
});

test('machines that fail after a success are asked for again, and come', async () => {
  const result = await attempt({ failing: 3 }, []);
  came(result, 8);
  assert.ok((result.standIn.calls.get('RunInstances') ?? 0) >= 2);
  nothingLeft(result);
});

test('machines that keep failing are missing, each with its state reason', async () => {
  const result = await attempt({ failing: 1000 }, []);
  assert.is(failed(result).code, 'PROVIDER_NO_CAPACITY');
  assert.match(failed(result).message, /Server\.InsufficientInstanceCapacity/u);
  nothingLeft(result);
});

test('quota: said as such', async () => {
  const result = await attempt({}, [error('RunInstances', 'VcpuLimitExceeded', 400)]);
  assert.is(failed(result).code, 'PROVIDER_QUOTA');
  nothingLeft(result);
});

test('another place of the plan is tried where this one has no room', async () => {
  const places = ['a', 'b'].map((zone) => ({
    region: 'us-east-1',
    subnet: `subnet-0123456789abcde0${zone}`,
  }));
  const result = await attempt({}, [error('RunInstances', 'InsufficientInstanceCapacity', 500)], {
    places,
  });
  came(result, 8);
  nothingLeft(result);
});

test('wrong credentials: one call, no retry', async () => {
  const result = await attempt({}, [error('*', 'AuthFailure', 401, { times: 1000 })]);
  assert.is(failed(result).code, 'PROVIDER_CREDENTIALS');
  assert.is(result.standIn.calls.get('RunInstances'), undefined);
  nothingLeft(result);
});

test('credentials that end for good once machines are there: their ids are told', async () => {
  const result = await attempt({ startingFor: 50 }, [
    error('RunInstances', 'RequestExpired', 400, { times: 0 }),
    { ...error('DescribeInstances', 'RequestExpired', 400, { times: 1000 }), after: 3 },
  ]);
  assert.is(failed(result).code, 'PROVIDER_RELEASE_FAILED');
  assert.is(result.left.length, 8);
  for (const { id } of result.left) assert.ok(failed(result).message.includes(id));
});

test('an expired token in the midst: said as such, and what was made is named or gone', async () => {
  const result = await attempt({ startingFor: 50 }, [
    error('DescribeInstances', 'RequestExpired', 400, { times: 1 }),
  ]);
  assert.is(failed(result).code, 'PROVIDER_CREDENTIALS');
  nothingLeft(result);
});

test('throttled for a minute: the user never hears of it', async () => {
  const until = Date.now() + 60_000 / FACTOR;
  const result = await attempt({}, [
    { operation: '*', does: 'error', code: 'RequestLimitExceeded', status: 503, until },
  ]);
  came(result, 8);
  nothingLeft(result);
});

test('the connection is cut after the server acted: the same token, no second launch', async () => {
  const result = await attempt({}, [{ operation: 'RunInstances', does: 'cut-after', times: 2 }]);
  came(result, 8);
  assert.is(result.standIn.calls.get('RunInstances'), 3);
  nothingLeft(result);
});

test('the connection is cut before: tried again', async () => {
  const result = await attempt({}, [{ operation: '*', does: 'cut', times: 3 }]);
  came(result, 8);
  nothingLeft(result);
});

test('an empty page with a token is a page', async () => {
  const result = await attempt({ emptyPages: true }, []);
  came(result, 8);
  nothingLeft(result);
});

test('lists that lag behind do not make it ask twice', async () => {
  const result = await attempt({ lag: 100 }, []);
  came(result, 8);
  assert.is(result.standIn.calls.get('RunInstances'), 1);
  nothingLeft(result);
});

test('an unknown state is not running; unknown fields and high bytes pass', async () => {
  const result = await attempt({ strange: true }, [], { minimum: 7 });
  came(result, 7, 1);
  nothingLeft(result);
});

test('a release that lags is waited for', async () => {
  const result = await attempt({ endingFor: 250 }, []);
  came(result, 8);
  nothingLeft(result);
});

test('one node that can not be deleted is named, and the others are gone', async () => {
  const result = await attempt({ undeletable: 1 }, []);
  came(result, 8);
  assert.is(result.left.length, 1);
  assert.equal(
    result.erased?.left.map(({ resource }) => resource.id),
    result.left.map(({ id }) => id),
  );
  assert.match(result.erased?.left[0]?.reason ?? '', /still shutting-down/u);
});

test('a parameter that EC2 does not know stops it at once', async () => {
  const result = await attempt({}, [error('RunInstances', 'InvalidParameterValue', 400)]);
  assert.is(failed(result).code, 'PROVIDER_INVALID');
  nothingLeft(result);
});

test.run();
