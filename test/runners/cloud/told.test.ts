/** What Azure and Google tell about running machines: those that end without us, those in a maintenance window. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { World } from '../../../fixtures/clouds/model.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import { armNotices } from '../../../runners/azure/notices.ts';
import type { Machine } from '../../../runners/cloud/model.ts';
import type { Notice } from '../../../runners/cloud/runner.ts';
import { attachInstances } from '../../../runners/gcp/attach.ts';
import { gcpNotices, inMaintenance } from '../../../runners/gcp/notices.ts';
import { noticesOf, tpuHosts } from '../../../runners/gcp/tpu-health.ts';
import { armOf, azureSubject } from '../azure/subject.ts';
import { gcpOf, gcpSubject } from '../gcp/subject.ts';
import { givenBack, planeOf, provisioned, PUBLIC_KEY, quickClock, type Subject } from './plane.ts';

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

test('gcp: a slice of the TPU API that is worked on is not measured; its symptoms are facts of their host', () =>
  against('gcp', { maintenance: 1 }, async (standIn) => {
    standIn.deliver(4, PUBLIC_KEY);
    const gcp = await gcpOf(standIn.url, quickClock());
    const attach = { zones: ['us-central1-a'], 'tpu-nodes': ['tranche'] };
    const { signal } = new AbortController();
    const slots = await attachInstances(gcp, attach, 'private', signal);
    const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
    assert.ok(machines.length > 1);
    const words = machines.map(({ facts = {} }) => [facts['gcp.health'], facts['gcp.symptoms']]);
    assert.equal(words[0], ['UNHEALTHY_MAINTENANCE', undefined]);
    assert.match(String(words[1]?.[1]), /^EXECUTE_TIMED_OUT 2026-11-30T02:00:00Z a step/u);
    const unfit = await inMaintenance(gcp, machines, signal);
    assert.is(unfit.size, machines.length, 'a slice ends whole');
    const told = await heard((all, stop) => gcpNotices(gcp, all, stop), machines);
    assert.equal([...told].sort(), [...unfit.keys()].map((id) => `maintenance ${id}`).sort());
  }));

test('gcp: nodes of the TPU API that are healthy are silent; preempted, gone and repaired ones are told', () => {
  const host = (node: string) => `projects/p/locations/z/nodes/${node}/workers/0`;
  const machine = (node: string): Machine => ({
    id: host(node),
    where: 'z',
    life: 'running',
    state: 'READY',
    domains: [],
  });
  const hosts = tpuHosts(['good', 'spot', 'gone', 'mended', 'slow'].map(machine));
  const node = (name: string, state: string, health: string) => ({
    name: `projects/p/locations/z/nodes/${name}`,
    state,
    health,
  });
  const told = noticesOf(hosts, [
    node('good', 'READY', 'HEALTHY'),
    node('spot', 'PREEMPTED', 'HEALTHY'),
    node('mended', 'REPAIRING', 'HEALTHY'),
    // Whether it answers is for SSH to say.
    node('slow', 'READY', 'TIMEOUT'),
  ]);
  assert.equal(
    told.map(({ machines, kind, detail }) => [...machines, kind, detail]),
    [
      [host('spot'), 'preempted', 'PREEMPTED'],
      [host('gone'), 'preempted', 'gone from its zone'],
      [host('mended'), 'maintenance', 'REPAIRING'],
    ],
  );
});

test.run();
