/** Real links between hosts with networks of their own: who is slow is named, and a rank that stops. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canHaveNetworks, networkHosts, type NetworkHosts } from '../network-hosts.ts';
import { lotPlan, missRank } from '../network-missing.ts';
import { locate, pairsPlan } from '../network-run.ts';

const test = suite('hosts with networks of their own');
const HOSTS = 8;
const PER_LEAF = 4;
/** Host whose second interface is slow. */
const SLOW = 5;
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

when('one slow rail of one host is named as that rail of that host, and nobody else', async () => {
  await net.slowHost(SLOW, 25, 1);
  const asked = { scope: 'rail', interfaces: ['eth0', 'eth1'], sigma: 0.03, size: 8 } as const;
  const located = await locate(net, await pairsPlan(net, { name: 'rail', ...asked }), 280);
  console.log(
    `  sigma_pair ${(located.sigma * 100).toFixed(2)} %, d′ ${located.distance.toFixed(1)}, ${located.rounds} rounds, ${located.seconds.toFixed(0)} s`,
  );
  assert.ok(located.distance >= 6, `this machine is too busy to tell: d′ = ${located.distance}`);
  assert.equal(located.named, ['n0006'], JSON.stringify(located.verdict.nodes));
  assert.equal(located.groups, []);
  assert.equal(located.links, []);
  assert.ok(located.rounds <= 4, `${located.rounds} rounds`);
  const finding = located.verdict.findings.find(
    (one) => one.subject.kind === 'node' && one.verdict === 'fail' && one.criterion === 'links',
  );
  assert.equal(finding?.rails, [1]);
  assert.is(located.code, 1);
});

when(
  'a rank that is stopped in a collective is named with the operation, the others go on',
  async () => {
    await net.mend();
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
