/** What machines are told inside: asked by the program that runs there, and read by each provider's words. */
import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { World } from '../../../fixtures/clouds/model.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import { HarnessError } from '../../../plan/errors.ts';
import { ec2Metadata } from '../../../runners/aws/metadata.ts';
import { scheduledEvents } from '../../../runners/azure/metadata.ts';
import { systemClock, type Clock } from '../../../runners/cloud/clock.ts';
import { MetadataServices, type Metadata } from '../../../runners/cloud/metadata.ts';
import type { Machine } from '../../../runners/cloud/model.ts';
import type { Notice } from '../../../runners/cloud/runner.ts';
import { Told } from '../../../runners/cloud/told.ts';
import { gcpMetadata } from '../../../runners/gcp/metadata.ts';
import { thisMachine } from '../../../runners/session/this-machine.ts';
import { awsSubject } from '../aws/subject.ts';
import { azureSubject } from '../azure/subject.ts';
import { gcpSubject } from '../gcp/subject.ts';
import { planeOf, provisioned, type Subject } from './plane.ts';

const test = suite('clouds: what machines are told inside');

// Elsewhere it may be a script that looks for one.
const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** Pauses of the watcher are short here. */
const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) };

/** Three machines of a stand-in, asked on this one. */
async function asked(
  [subject, metadata]: readonly [Subject, Metadata],
  world: Partial<World>,
  what: (services: MetadataServices, ids: readonly string[], standIn: Serving) => Promise<void>,
) {
  const standIn = await serve(subject.provider, { boot: 'none', ...world });
  try {
    const { slots = [] } = await provisioned(await planeOf(subject, standIn, 3), 3, 3);
    const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
    const services = new MetadataServices(metadata, clock, standIn.url);
    for (const machine of machines) services.opened(machine, thisMachine());
    await what(
      services,
      machines.map(({ id }) => id),
      standIn,
    );
  } finally {
    await standIn.close();
  }
}

/** The first look at each machine: why it is not handed over; undefined: it is. */
function looks(services: MetadataServices, ids: readonly string[]) {
  return Promise.all(
    ids.map(async (id) => {
      try {
        await services.found(id, PYTHON, AbortSignal.timeout(60_000));
        return undefined;
      } catch (error) {
        if (!(error instanceof HarnessError)) throw error;
        return `${error.code}: ${error.message}`;
      }
    }),
  );
}

/** The first notices, as many as are waited for. */
async function heard(services: MetadataServices, count: number): Promise<readonly Notice[]> {
  const stop = new AbortController();
  const all: Notice[] = [];
  await Promise.all(
    services
      .notices(AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]))
      .map(async (one) => {
        for await (const notice of one) {
          all.push(notice);
          if (all.length === count) stop.abort();
        }
      }),
  );
  return all;
}

for (const [way, taken, window] of [
  [[awsSubject, ec2Metadata], /: spot terminate at \d{4}-/u, /: system-maintenance from \d{4}-/u],
  [[azureSubject, scheduledEvents], /: Preempt not before 2026-09-19/u, /: Freeze started$/u],
  [[gcpSubject, gcpMetadata], /: preempted$/u, /: SCHEDULED PENDING \d{4}-/u],
] as const) {
  const [{ provider }] = way;
  test(`${provider}: a machine that is told to go, or is inside its window, is not handed over`, () =>
    asked(way, { preempting: 1, maintenance: 2 }, async (services, ids) => {
      const seen = await looks(services, ids);
      const [second, first, third] = seen.map((one) => one ?? 'fit').sort();
      assert.match(first ?? '', /^PROVIDER_CONFLICT: told to go: /u);
      assert.match(first ?? '', taken);
      assert.match(second ?? '', /^PROVIDER_CONFLICT: in its maintenance window: /u);
      assert.match(second ?? '', window);
      assert.is(third, 'fit');
    }));
}

test('a notice that comes while the run goes on is told, of the machine that it is about', () =>
  asked([awsSubject, ec2Metadata], {}, async (services, ids, standIn) => {
    assert.equal(await looks(services, ids), [undefined, undefined, undefined]);
    standIn.world.preempting = 1;
    const notices = await heard(services, 2);
    assert.equal(
      notices.map(({ kind }) => kind),
      ['preempted', 'draining'],
    );
    const [told = '', ...more] = new Set(notices.flatMap(({ machines }) => machines));
    assert.ok(ids.includes(told) && more.length === 0);
  }));

test('where nothing answers, nothing is announced, and no machine is kept out', async () => {
  const machine: Machine = {
    id: 'i-1',
    where: 'x',
    life: 'running',
    state: 'running',
    domains: [],
  };
  // A port where nobody listens.
  const services = new MetadataServices(ec2Metadata, clock, 'http://127.0.0.1:9');
  services.opened(machine, thisMachine());
  assert.equal(await looks(services, ['i-1']), [undefined]);
});

test("a node's words are data: what is no answer of the service says nothing", () => {
  const read = (path: string, text: string) =>
    ec2Metadata.read(new Map([[path, text]]), Date.now(), {
      id: 'i-1',
      where: 'x',
      life: 'running',
      state: 'running',
      domains: [],
    });
  const [spot = '', events = ''] = ec2Metadata.paths;
  assert.equal(read(spot, '<html>'), []);
  assert.equal(read(spot, '{"action":"\\u001b[31mterminate","time":"2026-01-01T00:00:00Z"}'), []);
  assert.equal(read(spot, '{"action":"terminate","time":"soon"}'), []);
  const past = { Code: 'system-reboot', NotBefore: '21 Jan 2019 09:00:43 GMT' };
  assert.equal(read(events, JSON.stringify([{ ...past, State: 'completed' }])), []);
  assert.equal(read(events, JSON.stringify([past])), [
    { kind: 'maintenance', detail: 'system-reboot from 2019-01-21T09:00:43.000Z', window: 'open' },
  ]);
});

test('azure: an event of another machine of the placement group is not its own', () => {
  const machine = { where: 'x', life: 'running', state: 'running', domains: [] } as const;
  const id =
    '/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachinescalesets/assay-1/virtualmachines/3';
  const text = JSON.stringify({
    Events: [{ EventType: 'Reboot', EventStatus: 'Scheduled', Resources: ['assay-1_4'] }],
  });
  const said = new Map([[scheduledEvents.paths[0] ?? '', text]]);
  assert.equal(scheduledEvents.read(said, 0, { id, ...machine }), []);
  const own = new Map([[scheduledEvents.paths[0] ?? '', text.replace('_4', '_3')]]);
  assert.is(scheduledEvents.read(own, 0, { id, ...machine })[0]?.detail, 'Reboot');
});

test('each thing is told once, and a window again when it is over', () => {
  const told = new Told();
  const window = {
    kind: 'maintenance',
    detail: 'Freeze started',
    machines: ['a'],
    window: 'open',
  } as const;
  const spot = { kind: 'preempted', detail: 'spot', machines: ['a'] } as const;
  assert.equal([...told.news([window, spot])], [window, spot]);
  assert.equal([...told.news([window])], []);
  assert.equal([...told.news([])], [{ ...window, window: 'closed' }]);
  assert.equal([...told.news([window])], [window]);
});

test.run();
