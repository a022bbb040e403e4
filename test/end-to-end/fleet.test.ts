import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { breakTorch, loopbackFleet, verdictOf, type LoopbackFleet } from '../loopback-fleet.ts';
import { smallestPlan } from '../loopback-plan.ts';

const test = suite('a fleet of eight hosts over SSH');
const HOSTS = 8;
/** Seconds; a busy machine takes several times what an idle one takes. */
const LIMIT = 280;

let fleet: LoopbackFleet;
test.before(async () => {
  fleet = await loopbackFleet({ hosts: HOSTS });
});
test.after(() => fleet.stop());

test('healthy hosts are accepted, each under its serial, by all three suites and in pairs', async () => {
  const plan = await fleet.plan(smallestPlan(4));
  const ended = await fleet.assay(['accept', plan], LIMIT);
  assert.is(ended.code, 0, ended.stderr);
  const { nodes, criteria, lot } = await verdictOf(ended.run);
  assert.is(lot.verdict, 'accept');
  assert.equal(
    nodes.map(({ identity, verdict }) => [identity, verdict]),
    fleet.hosts.map((host) => [`plan:${fleet.serial(host)}`, 'pass']),
  );
  const silent = criteria.filter((one) => one.counts.pass === 0);
  assert.equal(silent, [], 'every criterion was measured');
  const between = criteria.find((one) => one.id === 'ranks-between');
  assert.ok((between?.counts.pass ?? 0) >= HOSTS / 2, 'every host was in a pair');
  assert.is(ended.events.at(-1)?.event, 'end');
});

test('a wrong product, a crash and a closed port are named, with their owners, and nobody else is', async () => {
  const hosts = fleet.hosts.slice(0, 5);
  const [, wrong, , crashes, closed] = hosts;
  if (wrong === undefined || crashes === undefined || closed === undefined)
    throw new Error('hosts');
  await breakTorch(wrong, 'wrong product');
  await breakTorch(crashes, 'crash');
  const plan = await fleet.plan({ name: 'broken', ...smallestPlan(4), hosts, refused: [closed] });
  const ended = await fleet.assay(['accept', plan], LIMIT);
  assert.is(ended.code, 1, ended.stderr);
  const { nodes, attempts } = await verdictOf(ended.run);
  const named = nodes.filter(({ verdict }) => verdict !== 'pass');
  assert.equal(
    named.map(({ identity, verdict, owner }) => [identity, verdict, owner === 'provider']),
    [
      [`plan:${fleet.serial(wrong)}`, 'fail', true],
      [`plan:${fleet.serial(crashes)}`, 'fail', true],
      [`plan:${fleet.serial(closed)}`, 'not-tested', false],
    ],
    JSON.stringify(named),
  );
  const why = named.map(({ reasons }) => reasons.join('\n'));
  assert.match(why[0] ?? '', /matmul\.gemm\.correct is false/u);
  assert.match(why[1] ?? '', /CRASHED/u);
  assert.match(why[2] ?? '', /SSH_UNREACHABLE.*connection refused/u);
  assert.equal(
    attempts.map(({ outcome }) => outcome.status === 'failed' && [outcome.owner, outcome.code]),
    [['node', 'CRASHED']],
  );
  const addresses = fleet.hosts.map((host) => host.address);
  assert.equal(await filesNaming(ended.run ?? '', addresses), ['private.json']);
});

/** Files of a run, but its evidence, in which one of the words stands. */
async function filesNaming(run: string, words: readonly string[]): Promise<string[]> {
  const naming: string[] = [];
  for (const { name, parentPath } of await readdir(run, { recursive: true, withFileTypes: true })) {
    if (!name.includes('.') || parentPath.endsWith('evidence')) continue;
    const bytes = await readFile(join(parentPath, name));
    if (words.some((word) => bytes.includes(word))) naming.push(name);
  }
  return naming;
}

test.run();
