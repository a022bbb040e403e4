/** Slices by the TPU API: a node at once, or by the queue; whole, or given back. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PROJECT } from '../../../fixtures/clouds/gcp/store.ts';
import { serve } from '../../../fixtures/clouds/serve.ts';
import { gcpNotices } from '../../../runners/gcp/notices.ts';
import { gcpOptions } from '../../../runners/gcp/options.ts';
import { gcpProvisioner } from '../../../runners/gcp/provision.ts';
import { hostsOf } from '../../../runners/gcp/slice-size.ts';
import { sweepOf } from '../cloud/aftermath.ts';
import { attempt, givenBack, ours, planeOf, provisioned, quickClock } from '../cloud/plane.ts';
import { gcpOf, gcpSubject, place, tpuSubject } from './subject.ts';

const test = suite('gcp: nodes and queued resources of the TPU API');

test('hosts of a slice', () => {
  assert.is(hostsOf('v4', '2x2x4'), 4);
  assert.is(hostsOf('v5p', '4x4x8'), 32);
  assert.is(hostsOf('v5e', '2x4'), 1);
  assert.is(hostsOf('v6e', '4x4'), 4);
});

for (const mechanism of ['tpu-node', 'queued-resource'] as const) {
  const subject = tpuSubject(mechanism);
  const cut = { operation: subject.launch, does: 'cut-after' as const, times: 1 };

  test(`${mechanism}: two slices come whole, each once, host by host in worker order`, async () => {
    const {
      slots = [],
      left,
      calls,
    } = await attempt(subject, { startingFor: 50 }, [cut], {
      nodes: 16,
    });
    const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
    assert.is(machines.length, 16);
    assert.is(new Set(machines.map(({ domains: [slice] }) => slice?.id)).size, 2);
    assert.match(machines[7]?.id ?? '', /\/workers\/7$/u);
    assert.is(calls.get(subject.launch), 3);
    assert.equal(left, []);
  });

  test(`${mechanism}: or not at all: nothing waits behind our back`, async () => {
    // A queue is waited in.
    const places = mechanism === 'tpu-node' ? 2 : 1;
    const quick = { ...subject, factor: 200 };
    const result = await attempt(quick, { capacity: 7 }, [], { places });
    assert.is(result.error?.code, 'PROVIDER_NO_CAPACITY');
    assert.match(result.error?.message ?? '', /no more capacity|SLICE_NOT_FILLED/u);
    assert.is(result.calls.get(subject.launch), places, 'the other zone is tried');
    assert.equal(result.left, []);
  });

  test(`${mechanism}: a sweep by any plan of the project finds it; what holds evidence stays`, async () => {
    const standIn = await serve('gcp', { boot: 'none' });
    try {
      const plane = await planeOf(subject, standIn, 8);
      const { slots = [] } = await provisioned(plane, 8, 8);
      const [kept = ''] = slots.flatMap((one) => ('machine' in one ? [one.machine.id] : []));
      const held = ours(standIn).length;
      await givenBack(plane, new Set([kept]));
      assert.is(ours(standIn).length, held, 'a slice is one thing');
      const runs = [plane.context.run];
      const { leftovers, blind } = await sweepOf(gcpSubject, standIn, { runs, apply: true });
      const kinds = leftovers.map(({ kind, state }) => `${kind} ${state}`).sort();
      const queue = mechanism === 'tpu-node' ? [] : ['queued resource deleted'];
      assert.equal([kinds, blind], [[...queue, 'tpu node deleted'], []]);
      assert.equal(ours(standIn), []);
    } finally {
      await standIn.close();
    }
  });
}

test('a project that never turned the API on has nothing there; where nobody may look is told', async () => {
  const standIn = await serve('gcp', { boot: 'none' });
  const refused = { operation: 'locations.list', does: 'error', status: 403, times: 1 } as const;
  try {
    standIn.script({ ...refused, code: 'SERVICE_DISABLED' });
    assert.equal((await sweepOf(gcpSubject, standIn, {})).blind, []);
    standIn.script({ ...refused, code: 'forbidden' });
    const { blind } = await sweepOf(gcpSubject, standIn, {});
    assert.equal(
      blind.map(({ where }) => where),
      ['the TPU API'],
    );
  } finally {
    await standIn.close();
  }
});

test('a sweep finds a node in a zone of its plan that the list of locations has not', async () => {
  const standIn = await serve('gcp', { boot: 'none' });
  try {
    const provision = gcpOptions.parse({
      project: PROJECT,
      provision: {
        nodes: 8,
        mechanism: 'tpu-node',
        type: 'v6e',
        topology: '4x8',
        'runtime-version': 'v2-alpha-tpuv6e',
        places: [place('us-central1-ai1a')],
      },
    }).provision;
    if (provision === undefined) throw new Error('the plan attaches');
    const gcp = await gcpOf(standIn.url, quickClock(20));
    const made = { provision, address: 'private', account: 'assay', patience: 120 } as const;
    const provisioner = gcpProvisioner(gcp, made);
    const plane = { ...(await planeOf(tpuSubject('tpu-node'), standIn, 8)), provisioner };
    await provisioned(plane, 8, 8);
    const { signal } = new AbortController();
    const scope = { runs: [plane.context.run], everywhere: true };
    const { found } = await provisioner.holdings(scope, signal);
    // A look shows others' things too: what is meant is told apart later.
    assert.is(found.filter(({ kind }) => kind === 'tpu node').length, 1);
    await givenBack(plane);
    assert.equal(ours(standIn), []);
  } finally {
    await standIn.close();
  }
});

test('a node that goes without us is told, host by host', async () => {
  const standIn = await serve('gcp', { boot: 'none' });
  try {
    const plane = await planeOf(tpuSubject('tpu-node'), standIn, 8);
    const { slots = [] } = await provisioned(plane, 8, 8);
    const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
    await givenBack(plane);
    const stop = new AbortController();
    const gcp = await gcpOf(standIn.url, quickClock());
    const told: string[] = [];
    for await (const { kind, machines: ids } of gcpNotices(gcp, machines, stop.signal)) {
      told.push(...ids.map((id) => `${kind} ${id}`));
      if (told.length === 8) stop.abort();
    }
    assert.equal(
      told,
      machines.map(({ id }) => `preempted ${id}`),
    );
  } finally {
    await standIn.close();
  }
});

test('what is of the TPU API is refused elsewhere, and what is not is refused there', () => {
  const problems = (provision: object) => {
    const plan = {
      project: PROJECT,
      provision: { nodes: 8, places: [place('us-central1-a')], ...provision },
    };
    return (gcpOptions.safeParse(plan).error?.issues ?? []).map(({ path }) =>
      path.slice(1).join('.'),
    );
  };
  const tpu = {
    mechanism: 'tpu-node',
    type: 'v6e',
    topology: '4x8',
    'runtime-version': 'v2-alpha-tpuv6e',
  };
  assert.equal(problems(tpu), []);
  assert.equal(problems({ ...tpu, type: 'ct6e-standard-4t' }), ['type']);
  assert.equal(problems({ ...tpu, 'runtime-version': undefined }), ['runtime-version']);
  assert.equal(problems({ ...tpu, nodes: 12 }), ['nodes']);
  const bound = {
    ...place('us-central1-a'),
    reservation: `projects/${PROJECT}/reservations/r`,
    model: 'reservation-bound',
  };
  assert.equal(problems({ ...tpu, places: [bound] }), ['places.0']);
  assert.equal(problems({ type: 'v6e' }), ['type', 'image']);
});

test.run();
