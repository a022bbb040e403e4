/** What Azure and Google tell about running machines: those that end without us, those in a maintenance window. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { World } from '../../../fixtures/clouds/model.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import { armNotices } from '../../../runners/azure/notices.ts';
import type { Machine } from '../../../runners/cloud/model.ts';
import type { Notice } from '../../../runners/cloud/runner.ts';
import { gcpNotices, inMaintenance } from '../../../runners/gcp/notices.ts';
import { armOf, azureSubject } from '../azure/subject.ts';
import { gcpOf, gcpSubject } from '../gcp/subject.ts';
import { givenBack, planeOf, provisioned, quickClock, type Subject } from './plane.ts';

const test = suite('azure, gcp: events');

/** Eight machines of a run, and how they are ended behind its back. */
async function launched(subject: Subject, standIn: Serving) {
  const plane = await planeOf(subject, standIn, 8);
  const { slots = [] } = await provisioned(plane, 8, 8);
  const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
  assert.is(machines.length, 8);
  return { machines, end: (keep: ReadonlySet<string>) => givenBack(plane, keep) };
}

async function against(name: string, world: Partial<World>, what: (one: Serving) => Promise<void>) {
  const standIn = await serve(name, { boot: 'none', ...world });
  try {
    await what(standIn);
  } finally {
    await standIn.close();
  }
}

/** Notices for a while. */
async function heard(
  notices: (machines: readonly Machine[], signal: AbortSignal) => AsyncIterable<Notice>,
  machines: readonly Machine[],
): Promise<readonly string[]> {
  const told: string[] = [];
  const stop = AbortSignal.timeout(900);
  for await (const { kind, machines: ids } of notices(machines, stop)) {
    told.push(...ids.map((id) => `${kind} ${id}`));
  }
  return told;
}

for (const [name, subject, notices] of [
  [
    'azure',
    azureSubject,
    async (url: string) => {
      const arm = await armOf(url, quickClock());
      return (machines: readonly Machine[], signal: AbortSignal) =>
        armNotices(arm, machines, signal);
    },
  ],
  [
    'gcp',
    gcpSubject,
    async (url: string) => {
      const gcp = await gcpOf(url, quickClock());
      return (machines: readonly Machine[], signal: AbortSignal) =>
        gcpNotices(gcp, machines, signal);
    },
  ],
] as const) {
  test(`${name}: machines that end without us are told; those that run are not`, () =>
    against(name, {}, async (standIn) => {
      const { machines, end } = await launched(subject, standIn);
      const listen = await notices(standIn.url);
      const kept = new Set(machines.slice(2).map(({ id }) => id));
      await end(kept);
      const gone = machines.slice(0, 2).map(({ id }) => `preempted ${id}`);
      assert.equal([...new Set(await heard(listen, machines))].sort(), gone.sort());
    }));
}

test('gcp: a machine inside its maintenance window is named, and told as an event', () =>
  against('gcp', { maintenance: 2 }, async (standIn) => {
    const { machines } = await launched(gcpSubject, standIn);
    const gcp = await gcpOf(standIn.url, quickClock());
    const unfit = await inMaintenance(gcp, machines, AbortSignal.timeout(5000));
    assert.is(unfit.size, 2);
    for (const why of unfit.values()) assert.match(why, /^SCHEDULED PENDING .* FAILURE_GPU$/u);
    const told = await heard((all, signal) => gcpNotices(gcp, all, signal), machines);
    assert.equal([...told].sort(), [...unfit.keys()].map((id) => `maintenance ${id}`).sort());
  }));

test.run();
