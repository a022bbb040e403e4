import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addAftermath } from '../cloud/aftermath.ts';
import { attempt } from '../cloud/plane.ts';
import { networkSubject } from './subject.ts';

const test = suite('oci: cluster networks');

addAftermath(test, networkSubject, {
  machine: 'instance',
  listed: 'ListClusterNetworks',
  forbidden: ['NotAuthorizedOrNotFound', 404],
});

test('a network comes with its pool, and goes before its configuration', async () => {
  const { slots = [], left, erased } = await attempt(networkSubject, { endingFor: 100 }, []);
  assert.is(slots.filter((one) => 'machine' in one).length, 8);
  assert.equal(left, []);
  const kinds = new Set(erased?.deleted.map(({ kind }) => kind));
  assert.equal([...kinds].sort(), ['cluster network', 'instance', 'instance configuration']);
});

test('60 of 64: the words stand in the work request of the pool alone', async () => {
  const few = { nodes: 64, minimum: 60 };
  const { slots = [], left } = await attempt(networkSubject, { capacity: 60 }, [], few);
  assert.is(slots.filter((one) => 'machine' in one).length, 60);
  const reasons = slots.flatMap((one) => ('reason' in one ? [one] : []));
  assert.is(reasons.length, 4);
  for (const { code, reason } of reasons) {
    assert.is(code, 'PROVIDER_NO_CAPACITY');
    assert.match(reason, /LaunchInstancesInPool.*OutOfCapacity/u);
  }
  assert.equal(left, []);
});

test('none at all: the network that would have come later is gone', async () => {
  const result = await attempt(networkSubject, { capacity: 0 }, []);
  assert.is(result.error?.code, 'PROVIDER_NO_CAPACITY');
  assert.equal(result.left, []);
});

test('a cut after the server acted makes neither a second network nor a second configuration', async () => {
  const cut = (operation: string) => ({ operation, does: 'cut-after' as const, times: 1 });
  const troubles = ['CreateInstanceConfiguration', 'CreateClusterNetwork'].map(cut);
  const { slots = [], left, erased } = await attempt(networkSubject, {}, troubles);
  assert.is(slots.filter((one) => 'machine' in one).length, 8);
  assert.is(erased?.deleted.length, 10);
  assert.equal(left, []);
});

test.run();
