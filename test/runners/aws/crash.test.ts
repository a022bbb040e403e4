import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../../plan/errors.ts';
import { awsRunner } from '../../../runners/aws/runner.ts';
import { Intents } from '../../../runners/cloud/intents.ts';
import { requestToken } from '../../../runners/cloud/ownership.ts';
import {
  block,
  connected,
  controlPlane,
  FACTOR,
  givenBack,
  journalled,
  ours,
  provisioned,
  quickClock,
} from './world.ts';

const test = suite('aws: a process that ends in the midst');

const state = mkdtempSync(join(tmpdir(), 'assay-state-'));
const before = process.env['XDG_STATE_HOME'];
test.before(() => {
  process.env['XDG_STATE_HOME'] = state;
});
test.after(() => {
  assert.equal(readdirSync(join(state, 'assay/keys')), [], 'a key outlives no machine');
  if (before === undefined) delete process.env['XDG_STATE_HOME'];
  else process.env['XDG_STATE_HOME'] = before;
  rmSync(state, { recursive: true, force: true });
});

test('a crash between send and answer finds its machines again: the same call is sent again', async () => {
  const standIn = await controlPlane();
  try {
    const plane = await connected(block(standIn.url));
    const { intents, provisioner, context, records } = plane;
    const marks = await intents.marks(context.run, 'tester', context.expires);
    const [place = ''] = provisioner.places;
    const token = requestToken(40, context.run, 'aws', place, 1);
    const ask = { token, count: 8, place, ordinal: 1 };
    await intents.add({ act: 'launch', ...ask });
    const request = { ...ask, marks, publicKey: 'ssh-ed25519 AAAA' };
    await provisioner.launch(request, new AbortController().signal);
    // Killed here: the answer is on no record. The next process reads the journal.
    const next = { ...plane, intents: new Intents(context, 'aws') };
    const { slots } = await provisioned(next, 8, 8);
    assert.is(slots?.length, 8);
    assert.is(ours(standIn).length, 8);
    assert.is(standIn.calls.get('RunInstances'), 2);
    assert.ok(records.some((one) => one['act'] === 'answered'));
    await givenBack(plane);
    assert.equal(ours(standIn), []);
  } finally {
    await standIn.close();
  }
});

test('a killed run is taken up with its own machines, node for node, and nothing is launched', async () => {
  const standIn = await controlPlane();
  try {
    const plane = await connected(block(standIn.url));
    const { slots } = await provisioned(plane, 8, 8);
    const ids = slots?.map((one) => ('machine' in one ? one.machine.id : ''));
    const later = new Intents(plane.context, 'aws');
    assert.equal(later.slots(), ids);
    const runner = awsRunner(block(standIn.url), quickClock(FACTOR));
    const opening = runner.open(plane.context, AbortSignal.timeout(30_000));
    // No machine of this world can be reached: what could not be opened is given back.
    await opening.then(
      () => assert.unreachable('it opened'),
      (error: unknown) => assert.is((error as HarnessError).code, 'FLEET_UNREACHABLE'),
    );
    assert.is(standIn.calls.get('RunInstances'), 1);
    assert.equal(ours(standIn), []);
  } finally {
    await standIn.close();
  }
});

test('after a release, other machines never take the place of those that were measured', async () => {
  const standIn = await controlPlane();
  try {
    const plane = await connected(block(standIn.url));
    await provisioned(plane, 8, 8);
    await givenBack(plane);
    const runner = awsRunner(block(standIn.url), quickClock(FACTOR));
    try {
      await runner.open(plane.context, AbortSignal.timeout(30_000));
      assert.unreachable('it opened');
    } catch (error) {
      assert.instance(error, HarnessError);
      assert.is((error as HarnessError).code, 'PROVIDER_GONE');
    }
    assert.equal(ours(standIn), []);
  } finally {
    await standIn.close();
  }
});

test('an interrupt at any step of opening gives back what was made, and says so by the signal', async () => {
  for (const wait of [5, 40, 120, 250]) {
    const standIn = await controlPlane({ startingFor: 150 });
    try {
      const { context } = journalled();
      const runner = awsRunner(block(standIn.url), quickClock(FACTOR));
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(new DOMException('SIGINT', 'AbortError')), wait);
      try {
        await runner.open(context, stop.signal);
        assert.unreachable('it opened');
      } catch (error) {
        if (!(error instanceof HarnessError)) assert.is((error as Error).name, 'AbortError');
      } finally {
        clearTimeout(timer);
      }
      assert.equal(ours(standIn), [], `stopped after ${wait} ms`);
    } finally {
      await standIn.close();
    }
  }
});

test.run();
