import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { attachInstances } from '../../../runners/aws/attach.ts';
import type { Attach } from '../../../runners/aws/options.ts';
import type { World } from '../../../fixtures/clouds/model.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import { quickClock } from '../cloud/plane.ts';
import { ec2Of } from './subject.ts';

const test = suite('aws: attach');

/** The stand-in without machines that can be reached: the control plane alone. */
const controlPlane = (changes: Partial<World>) => serve('aws', { boot: 'none', ...changes });

async function attach(standIn: Serving, block: Attach) {
  const ec2 = await ec2Of(standIn.url, quickClock());
  return attachInstances(ec2, block, 'private', AbortSignal.timeout(20_000));
}

test('3,000 machines are found over pages, in one order, without a call a machine', async () => {
  const standIn = await controlPlane({ emptyPages: true, strange: true, neighbours: 0 });
  try {
    standIn.deliver(3000, 'ssh-ed25519 AAAA');
    const block = { regions: ['us-east-2', 'us-east-1'], tags: { delivery: 'tranche-7' } };
    const slots = await attach(standIn, block);
    const machines = slots.filter((one) => 'machine' in one);
    // One in eight is in a state of next year's: told, not used.
    assert.is(machines.length, 2625);
    assert.is(slots.length, 3000);
    const again = await attach(standIn, block);
    assert.equal(
      again.map((one) => ('machine' in one ? one.machine.id : one.slot)),
      slots.map((one) => ('machine' in one ? one.machine.id : one.slot)),
    );
    const calls = [...standIn.calls.values()].reduce((sum, one) => sum + one, 0) / 2;
    assert.ok(calls < 3000 / 40, `${calls} calls`);
    assert.is(standIn.held().length, 3000);
  } finally {
    await standIn.close();
  }
});

test('ids keep the order of the plan; unknown ones among hundreds are told by name', async () => {
  const standIn = await controlPlane({ neighbours: 0 });
  try {
    standIn.deliver(300, 'ssh-ed25519 AAAA');
    const known = standIn
      .held()
      .map(({ id }) => id)
      .reverse();
    const ids = [...known.slice(0, 100), 'i-0000000000000dead', ...known.slice(100)];
    const slots = await attach(standIn, { regions: ['us-east-2', 'us-east-1'], ids });
    assert.equal(
      slots.map((one) => ('machine' in one ? one.machine.id : one.slot)),
      ids,
    );
    const missing = slots.filter((one) => 'reason' in one);
    assert.equal(
      missing.map(({ slot, code }) => [slot, code]),
      [['i-0000000000000dead', 'PROVIDER_GONE']],
    );
  } finally {
    await standIn.close();
  }
});

test('topology becomes leaf and block, and its absence is no failure', async () => {
  const standIn = await controlPlane({ neighbours: 0 });
  try {
    standIn.deliver(8, 'ssh-ed25519 AAAA');
    const block = { regions: ['us-east-1'], tags: { delivery: 'tranche-7' } };
    const [first] = await attach(standIn, block);
    assert.ok(first !== undefined && 'machine' in first);
    const told = first.machine.domains.map(({ kind, id }) => `${kind} ${id}`);
    assert.match(told.join(', '), /^leaf nn-0c\d, block nn-0b0$/u);
    standIn.script({
      operation: 'DescribeInstanceTopology',
      does: 'error',
      code: 'UnauthorizedOperation',
      status: 403,
    });
    const [second] = await attach(standIn, block);
    assert.ok(second !== undefined && 'machine' in second);
    assert.equal(second.machine.domains, []);
  } finally {
    await standIn.close();
  }
});

test.run();
