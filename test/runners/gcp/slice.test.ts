import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hostsOf } from '../../../runners/gcp/slice-size.ts';
import { addAftermath } from '../cloud/aftermath.ts';
import { attempt } from '../cloud/plane.ts';
import { sliceSubject } from './subject.ts';

const test = suite('gcp: slices');

addAftermath(test, sliceSubject, {
  machine: 'instance',
  listed: 'instanceGroupManagers.aggregatedList',
  forbidden: ['forbidden', 403],
});

test('hosts of a slice', () => {
  assert.is(hostsOf('ct6e-standard-4t', '4x8'), 8);
  assert.is(hostsOf('ct5p-hightpu-4t', '2x2x2'), 2);
  assert.is(hostsOf('ct6e-standard-8t', '2x4'), 1);
  assert.is(hostsOf('a4x-highgpu-4g', '1x72'), 18);
  assert.is(hostsOf('a4x-maxgpu-4g-metal', '1x72'), 18);
  assert.is(hostsOf('tpu7x-standard-4t', '4x4x4'), 16);
});

test('a slice comes whole', async () => {
  const { slots = [], left, erased } = await attempt(sliceSubject, {}, []);
  const machines = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
  assert.is(machines.length, 8);
  const slices = machines.map(({ domains }) => domains.find(({ kind }) => kind === 'slice')?.id);
  assert.is(new Set(slices).size, 1, 'one group is one slice');
  assert.match(slices[0] ?? '', /^us-central1-a\//u);
  assert.equal(left, []);
  const kinds = new Set(erased?.deleted.map(({ kind }) => kind));
  const all = ['instance group', 'instance', 'instance template', 'resource policy'];
  assert.equal([...kinds].sort(), all.sort());
});

test('or not at all: nothing waits behind our back, and the group that would have come later is gone', async () => {
  const result = await attempt(sliceSubject, { capacity: 7 }, []);
  assert.is(result.error?.code, 'PROVIDER_NO_CAPACITY');
  assert.match(result.error?.message ?? '', /ZONE_RESOURCE_POOL_EXHAUSTED/u);
  assert.equal(result.left, []);
});

test('another zone is tried with a group of its own', async () => {
  const trouble = {
    operation: 'instanceGroupManagers.insert',
    does: 'error' as const,
    code: 'resourcePoolExhausted',
    status: 503,
    times: 1,
  };
  const { slots = [], left } = await attempt(sliceSubject, {}, [trouble], { places: 2 });
  assert.is(slots.filter((one) => 'machine' in one).length, 8);
  assert.equal(left, []);
});

test('one of its things exists already: its name is that call alone, and it goes on', async () => {
  const cut = { operation: 'resourcePolicies.insert', does: 'cut-after' as const, times: 1 };
  const { slots = [], left } = await attempt(sliceSubject, {}, [cut]);
  assert.is(slots.filter((one) => 'machine' in one).length, 8);
  assert.equal(left, []);
});

test.run();
