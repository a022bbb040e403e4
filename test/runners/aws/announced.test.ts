/** What the provider tells about its machines, and what it is told about them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { capacityEnd } from '../../../runners/aws/capacity-end.ts';
import { reportInstances } from '../../../runners/aws/faults.ts';
import { ec2Notices, inMaintenance } from '../../../runners/aws/notices.ts';
import type { Fault } from '../../../runners/model.ts';
import type { World } from '../../../fixtures/clouds/model.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import { planeOf, provisioned, quickClock } from '../cloud/plane.ts';
import { awsSubject, ec2Of } from './subject.ts';

const test = suite('aws: ends, events, faults');

const controlPlane = (changes: Partial<World> = {}) => serve('aws', { boot: 'none', ...changes });

/** Machines of a run, and a client beside it. */
async function launched(standIn: Serving, count: number) {
  const { slots = [] } = await provisioned(await planeOf(awsSubject, standIn, count), count, count);
  const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
  return { machines, ec2: await ec2Of(standIn.url, quickClock()) };
}

test("the reservation's end is a deadline", async () => {
  const ends = Date.now() + 7_200_000;
  const standIn = await controlPlane({ ends });
  try {
    const ec2 = await ec2Of(standIn.url, quickClock());
    const { signal } = new AbortController();
    const end = await capacityEnd(ec2, new Map([['cr-0123456789abcdef0', 'us-east-1']]), signal);
    assert.is(end?.getTime(), ends);
    standIn.world.ends = 0;
    const none = await capacityEnd(ec2, new Map([['cr-0123456789abcdef0', 'us-east-1']]), signal);
    assert.is(none, undefined);
  } finally {
    await standIn.close();
  }
});

test('a machine that ends without us is told once; those of others are not', async () => {
  const standIn = await controlPlane();
  try {
    const { ec2, machines } = await launched(standIn, 8);
    const stop = new AbortController();
    const heard: string[] = [];
    const listening = (async () => {
      for await (const { kind, machines: ids } of ec2Notices(ec2, machines, stop.signal)) {
        heard.push(`${kind} ${ids.join()}`);
        if (heard.length === 1) setTimeout(() => stop.abort(), 700);
      }
    })();
    const [victim] = machines;
    const signal = AbortSignal.timeout(5000);
    const input = { InstanceIds: [victim?.id ?? ''] };
    await ec2.call('us-east-1', 'TerminateInstances', input, { signal, instances: 1 });
    await listening;
    assert.equal(heard, [`preempted ${victim?.id}`]);
  } finally {
    await standIn.close();
  }
});

test('a machine inside its maintenance window is named, and told as an event', async () => {
  const standIn = await controlPlane({ maintenance: 2 });
  try {
    const { ec2, machines } = await launched(standIn, 8);
    const stop = new AbortController();
    // The runner's clock runs ahead of the world's here: the window is a day.
    const unfit = await inMaintenance(ec2, machines, stop.signal);
    assert.is(unfit.size, 2);
    assert.ok([...unfit.values()].every((code) => code === 'system-maintenance'));
    for await (const { kind, detail } of ec2Notices(ec2, machines, stop.signal)) {
      assert.is(kind, 'maintenance');
      assert.match(detail, /^system-maintenance from /u);
      break;
    }
  } finally {
    await standIn.close();
  }
});

test('a fault report is prepared, and sent only when that is asked', async () => {
  const standIn = await controlPlane();
  try {
    const { ec2, machines } = await launched(standIn, 2);
    const fault: Fault = {
      node: 'n0001',
      identity: [{ kind: 'provider-id', value: machines[0]?.id ?? '' }],
      reasons: ['nccl.all_reduce.busbw 310 GB/s, at least 450 GB/s'],
      from: '2026-11-25T01:00:00.000Z',
      to: '2026-11-25T02:00:00.000Z',
    };
    const gone = {
      ...fault,
      node: 'n0002',
      identity: [{ kind: 'provider-id' as const, value: 'i-0000000000000dead' }],
    };
    const { signal } = new AbortController();
    const regions = ['us-east-2', 'us-east-1'];
    const [prepared] = await reportInstances(ec2, regions, [fault], false, signal);
    assert.is(standIn.calls.get('ReportInstanceStatus'), undefined);
    assert.equal(prepared?.request['ReasonCodes'], ['performance-network']);
    const sent = await reportInstances(ec2, regions, [fault, gone], true, signal);
    assert.is(sent[0]?.sent, 'accepted in us-east-1');
    assert.match(sent[1]?.problem ?? '', /InvalidInstanceID\.NotFound/u);
  } finally {
    await standIn.close();
  }
});

test.run();
