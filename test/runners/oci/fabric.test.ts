/** GPU memory clusters: the hosts of one NVLink domain, made, filled, given back; and where a sweep looks for them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMPARTMENT, ELSEWHERE } from '../../../fixtures/clouds/oci/store.ts';
import { serve } from '../../../fixtures/clouds/serve.ts';
import { ociOptions } from '../../../runners/oci/options.ts';
import { ociProvisioner } from '../../../runners/oci/provision.ts';
import { sweepOf } from '../cloud/aftermath.ts';
import { attempt, ours, planeOf, provisioned, quickClock } from '../cloud/plane.ts';
import { block, memorySubject, ociOf, ociSubject, place } from './subject.ts';

const test = suite('oci: GPU memory clusters');

test('a cluster comes with its hosts in one NVLink domain, once, and goes before what it was made of', async () => {
  const cut = (operation: string) => ({ operation, does: 'cut-after' as const, times: 1 });
  const cuts = ['CreateComputeCluster', 'CreateComputeGpuMemoryCluster'].map(cut);
  const { slots = [], left, erased } = await attempt(memorySubject, { endingFor: 100 }, cuts);
  const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
  assert.is(machines.length, 8);
  const domains = machines.map(({ domains: all }) => all.find(({ kind }) => kind === 'nvlink')?.id);
  assert.equal([...new Set(domains)], ['ocid1.computegpumemoryfabric.oc1.us-ashburn-1.n0']);
  assert.equal(left, []);
  const kinds = new Set(erased?.deleted.map(({ kind }) => kind));
  const all = ['compute cluster', 'gpu memory cluster', 'instance', 'instance configuration'];
  assert.equal([...kinds].sort(), all);
  assert.is(erased?.deleted.length, 11, 'no second one by the cuts');
});

test('more than a rack: a cluster for each, in one compute cluster', async () => {
  const { slots = [], left, calls } = await attempt(memorySubject, {}, [], { nodes: 20 });
  assert.is(slots.filter((one) => 'machine' in one).length, 20);
  assert.is(calls.get('CreateComputeGpuMemoryCluster'), 2);
  assert.is(calls.get('CreateComputeCluster'), 1);
  assert.equal(left, []);
});

test('15 of 18: the words stand in the work request of the cluster alone', async () => {
  const few = { nodes: 18, minimum: 15 };
  const { slots = [], left } = await attempt(memorySubject, { capacity: 15 }, [], few);
  assert.is(slots.filter((one) => 'machine' in one).length, 15);
  const reasons = slots.flatMap((one) => ('reason' in one ? [one] : []));
  assert.is(reasons.length, 3);
  for (const { code, reason } of reasons) {
    assert.is(code, 'PROVIDER_NO_CAPACITY');
    assert.match(reason, /CreateComputeGpuMemoryCluster.*3 hosts: Out of host capacity/u);
  }
  assert.equal(left, []);
});

test('none at all: one call, and what it was to be made of is gone', async () => {
  const result = await attempt(memorySubject, { capacity: 0 }, []);
  assert.is(result.error?.code, 'PROVIDER_NO_CAPACITY');
  assert.is(result.calls.get('CreateComputeGpuMemoryCluster'), 1, 'not the SDK’s eight');
  assert.equal(result.left, []);
});

test('GB shapes are made in GPU memory clusters, and nothing else is', () => {
  const problems = (provision: object) => {
    const options = { compartment: COMPARTMENT, provision: { nodes: 4, ...provision } };
    const parsed = ociOptions.safeParse(options);
    return (parsed.error?.issues ?? []).map(({ message }) => message);
  };
  const places = [place(1)];
  const [first] = problems({ shape: 'BM.GPU.GB200-v2.4', places });
  assert.match(first ?? '', /GPU memory clusters only: mechanism: gpu-memory-cluster/u);
  const mechanism = 'gpu-memory-cluster';
  const [second] = problems({ shape: 'BM.GPU.H200.8', mechanism, places });
  assert.match(second ?? '', /no NVLink domain of several hosts/u);
  const fabric = { ...place(1), 'gpu-memory-fabric': 'ocid1.computegpumemoryfabric.oc1.iad.a' };
  assert.equal(problems({ shape: 'BM.GPU.GB300.4', mechanism, places: [fabric] }), []);
  const [third] = problems({ shape: 'BM.GPU.H200.8', places: [fabric] });
  assert.match(third ?? '', /goes with mechanism/u);
});

test('a sweep finds what a run of another compartment left', async () => {
  const standIn = await serve('oci', { boot: 'none' });
  try {
    const clock = quickClock(50);
    const oci = { ...(await ociOf(standIn.url, clock)), compartment: ELSEWHERE };
    const { provision, address, sweep } = block(standIn.url, { nodes: 2 });
    if (provision === undefined) throw new Error('the plan attaches');
    const there = { provision, address, patience: 120, sweep, seen: new Map() };
    const plane = await planeOf(ociSubject, standIn, 2);
    const elsewhere = { ...plane, provisioner: ociProvisioner(oci, there) };
    await provisioned(elsewhere, 2, 2);
    assert.is(ours(standIn).length, 3);
    const runs = [plane.context.run];
    const refused = { code: 'NotAuthorizedOrNotFound', status: 404, times: 1 };
    standIn.script({ operation: 'ListCompartments', does: 'error', ...refused });
    const blind = await sweepOf(ociSubject, standIn, { runs });
    assert.equal(
      [blind.leftovers.length, blind.blind.map(({ where }) => where)],
      [0, ['other compartments']],
    );
    const swept = await sweepOf(ociSubject, standIn, { runs, apply: true });
    assert.equal([swept.leftovers.length, swept.blind], [3, []]);
    assert.equal(ours(standIn), []);
  } finally {
    await standIn.close();
  }
});

test.run();
