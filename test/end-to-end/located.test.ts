/** Real links between hosts with networks of their own: a rank that stops (`bench -- namespaces`: who is slow). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canHaveNetworks, networkHosts, type NetworkHosts } from '../network-hosts.ts';
import { lotPlan, missRank } from '../network-missing.ts';

const test = suite('hosts with networks of their own');
const HOSTS = 8;
const PER_LEAF = 4;
/** Host whose rank is stopped. */
const STOPPED = 2;

const able = await canHaveNetworks();
if (!able) console.log('  skipped: needs root, network namespaces, ip and tc');

let net: NetworkHosts;
test.before(async () => {
  if (able) net = await networkHosts({ hosts: HOSTS, perLeaf: PER_LEAF, rails: 2 });
});
test.after(async () => {
  if (able) await net.stop();
});
const when = (name: string, run: () => Promise<void>) =>
  able ? test(name, run) : test.skip(name, run);

when(
  'a rank that is stopped in a collective is named with the operation, the others go on',
  async () => {
    const seen = await missRank(net, await lotPlan(net, 'stopped'), {
      host: STOPPED,
      how: 'stopped',
      limit: 280,
    });
    console.log(`  named ${seen.seconds.toFixed(1)} s after it stopped: ${seen.message}`);
    assert.equal(seen.suspects, ['n0003'], seen.stderr);
    assert.match(seen.message, /is stopped in: all_reduce \d+ B/u);
    assert.ok(seen.seconds <= 30, 'within one time-out');
    assert.is(seen.after.length, HOSTS - 1);
    assert.not.ok(seen.after.includes('n0003'));
    assert.is(seen.code, 1);
  },
);

test.run();
