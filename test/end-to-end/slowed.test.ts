import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRun } from '../../campaign/directory/reader.ts';
import { subjectKey } from '../../plan/subject.ts';
import { run } from '../../runners/process.ts';
import { loopbackFleet, verdictOf, type LoopbackFleet, type TestHost } from '../loopback-fleet.ts';

const test = suite('a host that is really slow');
const HOSTS = 3;
/** Index of the host that is slowed. */
const SLOW = 1;
/** Trials a host from which limit, nominal and repeatability are taken. */
const REPEATS = 3;
/** 5 MB/s between the ranks of the slow host, whatever else the machine does. */
const SHAPE =
  'ip link set lo mtu 1500 up && tc qdisc add dev lo root tbf rate 40mbit burst 64kb latency 50ms';

const probe = await run(['unshare', '--net', 'sh', '-c', SHAPE], { limit: 30 });
const able = probe.ended === 'exited' && probe.code === 0;
if (!able) console.log('  skipped: needs root, unshare, ip and tc');

let fleet: LoopbackFleet;
test.before(async () => {
  fleet = await loopbackFleet({ hosts: HOSTS });
});
test.after(() => fleet.stop());

/**
 * A way to the same host through its own sshd in a network of its own, whose only link is slow: every
 * program of that session, and no other, has it.
 */
async function slowWay(host: TestHost): Promise<string> {
  const { folder } = fleet.sshd;
  const usual = await readFile(join(folder, `sshd_config-${fleet.hosts.indexOf(host)}`), 'utf8');
  const daemon = join(folder, 'sshd_config-slow');
  // Over a pipe there is no local address to match: the host's lines are for all.
  await writeFile(daemon, usual.replace(/^Match .*\n/mu, ''));
  const way = join(folder, 'slow-way.sh');
  await writeFile(way, `${SHAPE}\nexec /usr/sbin/sshd -i -f ${daemon}\n`);
  const config = join(folder, 'ssh_config');
  await writeFile(config, `Host ${host.address}\n  ProxyCommand unshare --net sh ${way}\n`);
  return config;
}

function planFor(
  name: string,
  bounds: string,
  decision: readonly string[],
  config?: string,
): Promise<string> {
  const where = 'scope: node, bytes: 1048576';
  return fleet.plan({
    name,
    suites: [
      'nccl: { collectives: [all_reduce], sizes: [1 MiB], scopes: [node], iterations: 6, warm-up: 1 }',
    ],
    criteria: [
      `- { id: ranks, metric: nccl.all_reduce.busbw, where: { ${where} }, per: node, ${bounds}, source: "this test" }`,
    ],
    decision,
    ...(config !== undefined && { config }),
  });
}

/** ln of the rates (B/s) of each host. */
async function logRates(path: string | undefined): Promise<readonly (readonly number[])[]> {
  const opened = await openRun(path ?? '');
  const found = new Map<string, number[]>();
  try {
    for await (const { metric, subject, value } of opened.samples()) {
      if (metric !== 'nccl.all_reduce.busbw') continue;
      const key = subjectKey(subject);
      found.set(key, [...(found.get(key) ?? []), Math.log(value)]);
    }
  } finally {
    await opened.close();
  }
  return [...found.values()];
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, one) => sum + one, 0) / values.length;

const when = (name: string, run: () => Promise<void>) =>
  able ? test(name, run) : test.skip(name, run);

when('it fails its criterion, and no other host does', async () => {
  // What healthy hosts do here and now. The floor is none; it makes the trials take turns, and with this
  // risk the sign rule wants three of each host.
  const calibration = await fleet.assay(
    ['accept', await planFor('calibration', 'at-least: 1 kB/s', ['consumer-risk: 0.2'])],
    280,
  );
  assert.is(calibration.code, 0, calibration.stderr);
  const hosts = await logRates(calibration.run);
  assert.equal(
    hosts.map((one) => one.length),
    hosts.map(() => REPEATS),
  );
  const healthy = Math.exp(mean(hosts.map(mean)));
  const within = mean(
    hosts.map(
      (one) => (one.length / (one.length - 1)) * mean(one.map((x) => (x - mean(one)) ** 2)),
    ),
  );
  const sigma = Math.max(0.02, Math.sqrt(within));
  const [limit, nominal] = [healthy / 20, healthy * 0.6];
  const resolution = Math.log(nominal / limit) / sigma;
  assert.ok(resolution >= 3, `this machine is too busy to tell: one trial varies by ${sigma}`);

  const shown = (rate: number) => `${(rate / 1e6).toFixed(3)} MB/s`;
  const bounds = `at-least: ${shown(limit)}, nominal: ${shown(nominal)}`;
  const decision = [`sigma: { nccl.all_reduce.busbw: ${sigma.toFixed(4)} }`];
  const config = await slowWay(fleet.hosts[SLOW] as TestHost);
  const ended = await fleet.assay(
    ['accept', await planFor('slowed', bounds, decision, config)],
    280,
  );
  assert.is(ended.code, 1, ended.stderr);
  const { nodes, findings, lot } = await verdictOf(ended.run);
  assert.is(lot.verdict, 'reject');
  assert.equal(
    nodes.map(({ identity, verdict, class: kind }) => [identity, verdict, kind]),
    fleet.hosts.map((host, index) => [
      `plan:${fleet.serial(host)}`,
      ...(index === SLOW ? ['fail', 'scale-up'] : ['pass', undefined]),
    ]),
    JSON.stringify(nodes.map(({ reasons }) => reasons)),
  );
  const [failing, ...others] = findings.filter((one) => one.verdict === 'fail');
  assert.is(failing?.criterion, 'ranks');
  assert.equal(others, []);
  assert.ok(failing?.estimate?.evidence !== undefined, 'decided by the two evidence processes');
});

test.run();
