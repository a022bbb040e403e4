import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loopbackFleet, verdictOf, type LoopbackFleet, type RunEvent } from '../loopback-fleet.ts';
import { smallestPlan } from '../loopback-plan.ts';

const test = suite('the network to the fleet is cut');

let fleet: LoopbackFleet;
test.before(async () => {
  fleet = await loopbackFleet({ hosts: 3 });
});
test.after(() => fleet.stop());

const ended = ({ events }: { readonly events: readonly RunEvent[] }) =>
  events.flatMap(({ event, attempt }) => {
    const { id, outcome } = (attempt ?? {}) as { id?: string; outcome?: { status: string } };
    return event === 'attempt-end' && outcome?.status === 'measured' ? [String(id)] : [];
  });

test('a run whose whole fleet is gone ends in 4, and goes on to its verdict when it is back', async () => {
  const { hosts, sshd } = fleet;
  const { fleet: keys = [], ...parts } = smallestPlan(3);
  // Programs end by their lease; the run waits for the fleet for as long as its grace.
  const plan = await fleet.plan({ ...parts, fleet: [...keys, 'lease: 6 s', 'grace: 20 s'] });
  let seen = 0;
  let cutting: Promise<unknown> | undefined;
  const cut = await fleet.assay(['accept', plan], 280, ({ event }) => {
    if (event === 'attempt-end') seen += 1;
    // After the inventory of all and the first measurement: others are under way.
    if (event === 'attempt-end' && seen === hosts.length + 1) {
      cutting = Promise.all(hosts.map((host) => sshd.refuse(host))).then(() => sshd.cut());
    }
  });
  await cutting;
  assert.is(cut.code, 4, cut.stderr);
  assert.match(cut.stderr, /none of 3 nodes could be reached/u);
  assert.match(cut.stderr, /assay resume/u);
  const before = ended(cut);
  assert.ok(before.length > hosts.length, 'something was measured before');

  await Promise.all(hosts.map((host) => sshd.listen(host)));
  const resumed = await fleet.assay(['resume', cut.run ?? ''], 280);
  assert.is(resumed.code, 0, resumed.stderr);
  const { lot, nodes } = await verdictOf(cut.run);
  assert.is(lot.verdict, 'accept');
  assert.equal(
    nodes.map(({ verdict }) => verdict),
    hosts.map(() => 'pass'),
  );
  const twice = ended(resumed).filter((attempt) => before.includes(attempt));
  assert.equal(twice, [], 'what had ended is not run again');
});

test.run();
