import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fleet } from '../../runners/model.ts';
import { runners } from '../../runners/registry.ts';
import { hear, testContext, testStep } from '../runners/context.ts';
import { startSshd, type TestSshd } from '../sshd.ts';

const test = suite('hosts that carry the connections of others');

let sshd: TestSshd;
test.before(async () => {
  sshd = await startSshd({ hosts: 6 });
});
test.after(() => sshd.stop());

async function open(of: TestSshd, more: Readonly<Record<string, unknown>>): Promise<Fleet> {
  const configured = runners.find((one) => one.id === 'ssh')?.configure(of.options(more));
  if (configured === undefined || 'issues' in configured) {
    throw new Error(JSON.stringify(configured));
  }
  const runner = await configured.use();
  return runner.open(testContext(), AbortSignal.timeout(60_000));
}

/** TCP connections that this process holds. */
function connections(): number {
  return process.getActiveResourcesInfo().filter((one) => one === 'TCPSocketWrap').length;
}

async function accepted(of: TestSshd): Promise<readonly number[]> {
  return Promise.all(of.hosts.map((host) => of.accepted(host)));
}

async function works(fleet: Fleet): Promise<void> {
  const nodes = fleet.nodes.map((node) => node.id);
  const { exits, output } = await hear(fleet, testStep(nodes, ['sh', '-c', 'echo $HOME']));
  assert.ok(exits.every((exit) => exit.ended === 'exited' && exit.code === 0));
  const homes = nodes.map((node) => output.get(node)?.stdout.toString().trim());
  assert.equal(
    homes,
    sshd.hosts.map(({ home }) => home),
  );
}

test('the controller holds a connection a relay; every host is still itself', async () => {
  const before = connections();
  const counts = await accepted(sshd);
  const fleet = await open(sshd, { relays: 2 });
  try {
    assert.is(fleet.nodes.length, 6);
    // Each relay: one as a node, one that carries the two hosts behind it.
    assert.is(connections() - before, 4);
    const after = await accepted(sshd);
    assert.equal(
      after.map((count, at) => count - (counts[at] ?? 0)),
      [2, 1, 1, 2, 1, 1],
    );
    await works(fleet);
  } finally {
    await fleet.release([]);
  }
});

test('what runs behind a relay outlives the loss of its connection', async () => {
  const fleet = await open(sshd, { relays: sshd.hosts[0]?.address });
  try {
    const nodes = fleet.nodes.map((node) => node.id);
    let cut: Promise<number> | undefined;
    const script = 'echo first; sleep 1; echo last';
    const { exits, output } = await hear(
      fleet,
      testStep(nodes, ['sh', '-c', script]),
      undefined,
      async () => {
        cut ??= sshd.cut(sshd.hosts[0]);
      },
    );
    assert.ok(((await cut) ?? 0) >= 2);
    assert.ok(
      exits.every((exit) => exit.ended === 'exited' && exit.code === 0),
      JSON.stringify(exits),
    );
    for (const node of nodes) assert.is(output.get(node)?.stdout.toString(), 'first\nlast\n');
  } finally {
    await fleet.release([]);
  }
});

test("a host's key is checked here, whoever carries the connection", async () => {
  const lines = (await readFile(sshd.knownHosts, 'utf8')).trim().split('\n');
  const [, second = '', third = ''] = lines;
  const known = join(sshd.folder, 'known-swapped');
  const swapped = `${third.split(' ')[0]} ${second.split(' ').slice(1).join(' ')}`;
  await writeFile(known, `${[...lines.slice(0, 2), swapped, ...lines.slice(3)].join('\n')}\n`);
  const fleet = await open(sshd, { relays: 1, 'known-hosts': known });
  await fleet.release([]);
  assert.is(fleet.nodes.length, 5);
  assert.equal(
    fleet.missing.map(({ slot, code }) => [slot, code]),
    [[sshd.hosts[2]?.address, 'SSH_HOST_KEY_MISMATCH']],
  );
});

test('a relay that is not there, or that may not forward, is no fault of the hosts', async () => {
  const before = connections();
  const absent = await open(sshd, { relays: ['127.0.0.98'] });
  assert.is(absent.nodes.length, 6);
  assert.is(connections() - before, 6);
  await absent.release([]);
  const closed = await startSshd({ hosts: 2, configuration: ['AllowTcpForwarding no'] });
  try {
    const fleet = await open(closed, { relays: 1 });
    assert.is(fleet.nodes.length, 2);
    await fleet.release([]);
  } finally {
    await closed.stop();
  }
});

test.run();
