/** Delivered machines, their places and their faults: found in few lists, told in OCI's own words. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import { anything } from '../../../runners/cloud/rest.ts';
import type { Fault } from '../../../runners/model.ts';
import { attachInstances } from '../../../runners/oci/attach.ts';
import type { Oci } from '../../../runners/oci/client.ts';
import { reportHosts } from '../../../runners/oci/faults.ts';
import { inMaintenance, ociNotices } from '../../../runners/oci/notices.ts';
import { ociOptions } from '../../../runners/oci/options.ts';
import { COMPARTMENT } from '../../../fixtures/clouds/oci/store.ts';
import { planeOf, provisioned, PUBLIC_KEY, quickClock } from '../cloud/plane.ts';
import { networkSubject, ociOf, ociSubject } from './subject.ts';

const test = suite('oci: attach, places, faults');
const { signal } = new AbortController();
const REGIONS = ['us-ashburn-1', 'us-phoenix-1'];
const MANY = 120;

async function against(world: object, what: (standIn: Serving, oci: Oci) => Promise<void>) {
  const standIn = await serve('oci', { boot: 'none', ...world });
  try {
    await what(standIn, await ociOf(standIn.url, quickClock()));
  } finally {
    await standIn.close();
  }
}

function attached(oci: Oci, by: object) {
  const { attach } = ociOptions.parse({
    compartment: COMPARTMENT,
    attach: { regions: REGIONS, ...by },
  });
  if (attach === undefined) throw new Error('no attach');
  return attachInstances(oci, attach, 'private', signal);
}

test('by tag, name and id in two regions: lists, not a call a machine; nothing is made', () =>
  against({ emptyPages: true }, async (standIn, oci) => {
    standIn.deliver(MANY, PUBLIC_KEY);
    const held = standIn.held();
    const byTag = await attached(oci, { tags: { delivery: 'tranche-7' } });
    assert.is(byTag.length, MANY);
    assert.ok(byTag.every((one) => 'machine' in one && one.machine.address !== undefined));
    const total = [...standIn.calls.values()].reduce((sum, one) => sum + one, 0);
    assert.ok(total < 30, `${total} calls`);
    const named = await attached(oci, { names: ['delivered-3', 'nobody'] });
    assert.ok(named[0] !== undefined && 'machine' in named[0]);
    assert.equal(named[1], {
      slot: 'nobody',
      code: 'PROVIDER_GONE',
      reason: 'nobody is not there',
    });
    const ids = byTag.flatMap((one) => ('machine' in one ? [one.machine.id] : []));
    assert.equal(await attached(oci, { ids }), byTag);
    assert.equal(standIn.held(), held);
  }));

test('by compute cluster and by cluster network', () =>
  against({}, async (standIn, oci) => {
    const before = standIn.held();
    await provisioned(await planeOf(ociSubject, standIn, 8), 8, 8);
    await provisioned(await planeOf(networkSubject, standIn, 8), 8, 8);
    const made = standIn.held().filter(({ id }) => !before.some((one) => one.id === id));
    const idOf = (kind: string) => made.find((one) => one.kind === kind)?.id;
    const [cluster, network] = [idOf('computeCluster'), idOf('clusterNetwork')];
    for (const by of [{ 'compute-cluster': cluster }, { 'cluster-network': network }]) {
      const slots = await attached(oci, by);
      assert.is(slots.filter((one) => 'machine' in one).length, 8, JSON.stringify(by));
    }
  }));

test('local block, network block, island and host of each machine', () =>
  against({}, async (standIn) => {
    const { slots = [] } = await provisioned(await planeOf(ociSubject, standIn, 8), 8, 8);
    const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
    const leaves = machines.map(({ domains }) => domains.find(({ kind }) => kind === 'leaf')?.id);
    assert.is(new Set(leaves).size, 2, 'four hosts to a local block');
    const blocks = machines.map(({ domains }) => domains.find(({ kind }) => kind === 'block')?.id);
    assert.equal([...new Set(blocks)], ['ocid1.computenetworkblock.oc1.us-ashburn-1.n0']);
    assert.ok(machines.every(({ facts }) => facts?.['oci.island'] !== undefined));
    assert.is(new Set(machines.map(({ facts }) => facts?.['oci.host'])).size, 8);
  }));

test('where nobody may list hosts a machine has no place, and that is no failure', () =>
  against({}, async (standIn) => {
    const code = { code: 'NotAuthorizedOrNotFound', status: 404 };
    standIn.script({ operation: 'ListComputeHosts', does: 'error', ...code });
    const { slots = [] } = await provisioned(await planeOf(ociSubject, standIn, 8), 8, 8);
    assert.ok(slots.every((one) => 'machine' in one && one.machine.domains.length === 0));
  }));

test('maintenance that has begun keeps a machine out; what ends without us is told', () =>
  against({ maintenance: 1 }, async (standIn, oci) => {
    const { slots = [] } = await provisioned(await planeOf(ociSubject, standIn, 8), 8, 8);
    const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
    const unfit = await inMaintenance(oci, machines, signal);
    assert.is(unfit.size, 1);
    assert.match([...unfit.values()][0] ?? '', /^HARDWARE_REPLACEMENT REBOOT_MIGRATION/u);
    const [lost] = machines.slice(-1);
    await oci.call({
      operation: 'TerminateInstance',
      method: 'DELETE',
      region: 'us-ashburn-1',
      path: `/instances/${lost?.id}?preserveDataVolumesCreatedAtLaunch=false`,
      shape: anything,
      signal,
    });
    const stop = new AbortController();
    const told: string[] = [];
    for await (const { kind, machines: ids } of ociNotices(oci, machines, stop.signal)) {
      told.push(kind);
      if (kind === 'preempted') assert.equal(ids, [lost?.id]);
      if (told.length === 2) stop.abort();
    }
    assert.equal(told, ['maintenance', 'preempted']);
  }));

const fault = (id: string): Fault => ({
  node: 'n0001',
  identity: [{ kind: 'provider-id', value: id }],
  reasons: ['matmul.gemm.throughput 512 TFLOP/s below 700'],
  from: '2026-11-30T00:00:00Z',
  to: '2026-11-30T01:00:00Z',
});

test('a bad host is told by a defined tag: read, merged, written if nobody came between, read back', () =>
  against({}, async (standIn, oci) => {
    const plane = await planeOf(ociSubject, standIn, 8);
    const { slots = [] } = await provisioned(plane, 8, 8);
    const [id = ''] = slots.flatMap((one) => ('machine' in one ? [one.machine.id] : []));
    const definedTags = { ComputeInstanceHostActions: { CustomerReportedHostStatus: 'unhealthy' } };
    const [prepared] = await reportHosts(oci, REGIONS, [fault(id)], false, signal);
    assert.equal(prepared?.request, { instanceId: id, definedTags });
    assert.is(standIn.calls.get('UpdateInstance'), undefined, 'prepared is not sent');
    const changed = { operation: 'UpdateInstance', does: 'error', code: 'NoEtagMatch' } as const;
    standIn.script({ ...changed, status: 412, times: 1 });
    const [sent] = await reportHosts(oci, REGIONS, [fault(id)], true, signal);
    assert.match(sent?.sent ?? '', /tagged in us-ashburn-1/u);
    assert.is(standIn.calls.get('UpdateInstance'), 2);
    await plane.provisioner.remove(
      (await plane.provisioner.holdings({ runs: [plane.context.run] }, signal)).found.filter(
        (one) => one.id === id,
      ),
      signal,
    );
    const [late] = await reportHosts(oci, REGIONS, [fault(id)], true, signal);
    assert.match(late?.problem ?? '', /is TERMINATED: .*keep: rejected/u);
    const [unknown] = await reportHosts(oci, REGIONS, [fault('i-0abc')], true, signal);
    assert.match(unknown?.problem ?? '', /no id of a machine/u);
  }));

test.run();
