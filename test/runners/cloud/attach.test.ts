/** Delivered machines are found, in order, whatever pages and states lie between; nothing is made or deleted. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serve } from '../../../fixtures/clouds/serve.ts';
import { attachMachines } from '../../../runners/azure/attach.ts';
import { azureOptions } from '../../../runners/azure/options.ts';
import { attachInstances } from '../../../runners/gcp/attach.ts';
import { gcpOptions } from '../../../runners/gcp/options.ts';
import { SUBSCRIPTION } from '../../../fixtures/clouds/azure/store.ts';
import { PROJECT } from '../../../fixtures/clouds/gcp/store.ts';
import { armOf } from '../azure/subject.ts';
import { gcpOf } from '../gcp/subject.ts';
import { PUBLIC_KEY, quickClock } from './plane.ts';

const test = suite('azure, gcp: attach');
const { signal } = new AbortController();
const MANY = 120;

test('azure: by tag, by scale set and by id; three lists a set, not a call a machine', async () => {
  const standIn = await serve('azure', { boot: 'none', emptyPages: true });
  try {
    standIn.deliver(MANY, PUBLIC_KEY);
    const arm = await armOf(standIn.url, quickClock());
    const attached = (attach: object) => {
      const options = azureOptions.parse({ subscription: SUBSCRIPTION, attach });
      if (options.attach === undefined) throw new Error('no attach');
      return attachMachines(arm, options.attach, 'private', signal);
    };
    const byTag = await attached({ tags: { delivery: 'tranche-7' } });
    assert.is(byTag.length, MANY);
    const ids = byTag.flatMap((one) => ('machine' in one ? [one.machine.id] : []));
    assert.is(new Set(ids).size, MANY);
    assert.ok(byTag.every((one) => 'machine' in one && one.machine.address !== undefined));
    const total = [...standIn.calls.values()].reduce((sum, one) => sum + one, 0);
    assert.ok(total < 20, `${total} calls`);
    const set = ids[0]?.split('/').slice(0, -2).join('/') ?? '';
    assert.equal(await attached({ 'scale-sets': [set] }), byTag);
    const named = await attached({ ids: [ids[5], `${set}/virtualmachines/999`] });
    assert.ok(named[0] !== undefined && 'machine' in named[0]);
    assert.is(named[1] !== undefined && 'code' in named[1] ? named[1].code : '', 'PROVIDER_GONE');
    assert.equal(await attached({ 'resource-group': 'delivered' }), byTag);
  } finally {
    await standIn.close();
  }
});

test('gcp: by label in every zone, by name; what is named and not there is told', async () => {
  const standIn = await serve('gcp', { boot: 'none', emptyPages: true });
  try {
    standIn.deliver(MANY, PUBLIC_KEY);
    const gcp = await gcpOf(standIn.url, quickClock());
    const attached = (attach: object) => {
      const options = gcpOptions.parse({ project: PROJECT, attach });
      if (options.attach === undefined) throw new Error('no attach');
      return attachInstances(gcp, options.attach, 'private', signal);
    };
    const byLabel = await attached({ labels: { delivery: 'tranche-7' } });
    assert.is(byLabel.length, MANY);
    assert.ok(byLabel.every((one) => 'machine' in one && one.machine.address !== undefined));
    const total = [...standIn.calls.values()].reduce((sum, one) => sum + one, 0);
    assert.ok(total < 10, `${total} calls`);
    const named = await attached({ names: ['delivered-3', 'nobody'], zones: ['us-central1-b'] });
    assert.ok(named[0] !== undefined && 'machine' in named[0]);
    assert.is(named[1] !== undefined && 'code' in named[1] ? named[1].code : '', 'PROVIDER_GONE');
    const nodes = await attached({ 'tpu-nodes': ['nothing'], zones: ['us-central1-a'] });
    assert.equal(nodes, [
      { slot: 'nothing', code: 'PROVIDER_GONE', reason: 'nothing is not there' },
    ]);
  } finally {
    await standIn.close();
  }
});

test.run();
