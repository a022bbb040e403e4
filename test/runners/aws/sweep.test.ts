import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Serving } from '../../../fixtures/clouds/serve.ts';
import { awsRunner } from '../../../runners/aws/runner.ts';
import type { SweepRequest } from '../../../runners/swept.ts';
import { block, connected, controlPlane, FACTOR, ours, provisioned, quickClock } from './world.ts';

const test = suite('aws: what earlier runs left');

const request = (more: Partial<SweepRequest>): SweepRequest => ({
  apply: false,
  runs: [],
  expired: true,
  now: new Date(),
  standIn: true,
  ...more,
});

function sweep(standIn: Serving, more: Partial<SweepRequest>, provision = {}) {
  const runner = awsRunner(block(standIn.url, provision), quickClock(FACTOR));
  if (runner.sweep === undefined) throw new Error('aws sweeps');
  return runner.sweep(request(more), AbortSignal.timeout(30_000));
}

test('a look deletes nothing; what is not expired and not named is not even shown', async () => {
  const standIn = await controlPlane();
  try {
    const plane = await connected(block(standIn.url));
    await provisioned(plane, 8, 8);
    assert.equal((await sweep(standIn, {})).leftovers, []);
    const { run } = plane.context;
    const looked = await sweep(standIn, { runs: [run] });
    assert.is(looked.leftovers.length, 8);
    assert.ok(looked.leftovers.every((one) => one.state === 'found' && one.run === run));
    assert.is(ours(standIn).length, 8);
    const swept = await sweep(standIn, { runs: [run], apply: true });
    assert.is(swept.leftovers.filter(({ state }) => state === 'deleted').length, 8);
    assert.equal(ours(standIn), []);
    assert.is(standIn.held().length, 6, 'the neighbours of three regions');
  } finally {
    await standIn.close();
  }
});

test('past its expiry everything of ours goes, in every region, and a neighbour with a tag like it stays', async () => {
  const standIn = await controlPlane();
  try {
    const places = [{ region: 'eu-west-1', subnet: 'subnet-0123456789abcdef0' }];
    await provisioned(await connected(block(standIn.url, { places })), 8, 8);
    const later = new Date(Date.now() + 48 * 3_600_000);
    // The plan of the sweep names another region.
    const swept = await sweep(standIn, { now: later, apply: true });
    assert.is(swept.leftovers.filter(({ state }) => state === 'deleted').length, 8);
    assert.equal(ours(standIn), []);
    assert.is(standIn.held().length, 6);
  } finally {
    await standIn.close();
  }
});

test('a region that can not be looked at is not an empty one', async () => {
  const standIn = await controlPlane();
  try {
    standIn.script({
      operation: 'DescribeVolumes',
      does: 'error',
      code: 'UnauthorizedOperation',
      status: 403,
      times: 1,
    });
    const { blind } = await sweep(standIn, {});
    assert.is(blind.length, 1);
    assert.match(blind[0]?.reason ?? '', /UnauthorizedOperation/u);
  } finally {
    await standIn.close();
  }
});

test('what can not be deleted is named, and holds up no other', async () => {
  const standIn = await controlPlane({ undeletable: 1 });
  try {
    const plane = await connected(block(standIn.url));
    await provisioned(plane, 8, 8);
    const swept = await sweep(standIn, { runs: [plane.context.run], apply: true });
    const left = swept.leftovers.filter(({ state }) => state === 'left');
    assert.equal(
      left.map(({ id }) => id),
      ours(standIn).map(({ id }) => id),
    );
    assert.is(left.length, 1);
  } finally {
    await standIn.close();
  }
});

test.run();
