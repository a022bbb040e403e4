import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { leavesOf, withFabric } from '../../../runners/ssh/fabric.ts';
import type { HostRow } from '../../../runners/ssh/host-row.ts';
import { rejects } from '../../rejects.ts';

const folder = fileURLToPath(new URL('../../../fixtures/recorded/fabric/', import.meta.url));
const leaves = (name: string) => leavesOf(readFileSync(`${folder}${name}`, 'utf8'));
const row = (name: string, leaf?: string): HostRow => ({
  name,
  from: 'test',
  domains: leaf === undefined ? [] : [{ kind: 'leaf', id: leaf, from: 'plan' }],
});

test('a host’s leaf is the switch of its first adapter, by the name that the switch has', () => {
  assert.equal(
    [...leaves('two-tiers.synthetic.txt')],
    [
      ['gpu001', 'leaf-1'],
      ['gpu002', 'leaf-1'],
      ['gpu003', 'leaf-2'],
    ],
  );
});

test('a switch under its maker’s name goes by its GUID', () => {
  const found = leaves('ibnetdiscover-24-nodes.txt');
  assert.is(found.size, 6);
  assert.is(found.get('node24'), 'S-000b8cffff002347');
});

test('adapters under their maker’s name give no host away', () => {
  assert.equal([...leaves('ibnetdiscover-sdr.txt').keys()], ['MT23108']);
});

test('hosts are joined by their name or its first label; what the host file says stands', async () => {
  const rows = await withFabric(
    [row('gpu001.lab'), row('gpu002', 'own'), row('other')],
    `${folder}two-tiers.synthetic.txt`,
  );
  assert.equal(
    rows.map((one) => one.domains.map((domain) => [domain.id, domain.from])),
    [[['leaf-1', 'plan']], [['own', 'plan']], []],
  );
});

test('a file that names none of the hosts, or is not there, is a mistake of the plan', async () => {
  const none = withFabric([row('elsewhere')], `${folder}two-tiers.synthetic.txt`);
  assert.match((await rejects(none, 'PLAN_INVALID')).message, /names none of the hosts/u);
  const missing = withFabric([row('gpu001')], `${folder}missing.txt`);
  assert.match((await rejects(missing, 'PLAN_INVALID')).message, /can't be read \(ENOENT\)/u);
});

test.run();
