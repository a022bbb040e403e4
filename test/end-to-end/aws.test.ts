/** The aws runner whole, against its stand-in: provisioned over real sshd, attached, killed and swept. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeKey } from '../../fixtures/clouds/nodes/sshd.ts';
import { serve } from '../../fixtures/clouds/serve.ts';
import { standInPlan } from '../stand-in-plan.ts';
import { json, verdictOf, Workplace } from './command-line.ts';

const test = suite('aws: provision, attach, kill and sweep');

let place: Workplace;
test.before(() => {
  place = new Workplace();
  place.environment['ASSAY_STAND_INS'] = place.path('stand-ins');
  place.environment['ASSAY_STAND_IN_IDLE_S'] = '120';
});
test.after(() => place.remove());

/** Every byte of a run directory's files, and what was printed. */
function allText(run: string): string {
  return readdirSync(run, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

test('machines are provisioned, judged, reported and given back', async () => {
  // Part of what the plan says: `npm run bench -- clouds` runs it whole.
  const plan = await standInPlan('aws', place.folder, {
    provision: { nodes: 2 },
    count: 2,
    suites: ['matmul', 'nccl'],
  });
  const ended = await place.run('accept', plan);
  assert.is(ended.code, 0, ended.text);
  assert.match(ended.stdout, /^Stand-in: /mu, 'said before anything else');
  const [run = ''] = place.runs();
  const { lot, origin } = verdictOf(run) as unknown as {
    lot: { verdict: string; delivered: number };
    origin: string;
  };
  assert.equal([lot.verdict, lot.delivered, origin], ['accept', 2, 'stand-in']);
  const fleet = json(run, 'fleet.json') as {
    nodes: { identity: { kind: string }[]; environment: Record<string, string> }[];
  };
  assert.ok(fleet.nodes.every(({ identity }) => identity[0]?.kind === 'provider-id'));
  assert.ok(fleet.nodes.every((node) => node.environment['ssh.host-key'] === 'from the provider'));
  // It outlives the command, and says that nothing of ours is left.
  const { url, pid } = json(place.path('stand-ins'), 'aws.json') as { url: string; pid: number };
  const held = (await (await fetch(`${url}/_stand-in/held`)).json()) as { neighbour: boolean }[];
  assert.is(held.length, 6);
  assert.ok(held.every((one) => one.neighbour));
  process.kill(pid, 'SIGTERM');
  const text = allText(run) + ended.text;
  assert.not.match(text, /PRIVATE KEY|ssh_authorized_keys|ssh-ed25519 AAAA|I2Nsb3VkLWNvbmZpZ/u);
  assert.equal(readdirSync(join(place.home, '.local/state/assay/keys')), [], 'its key is gone');
});

test('delivered machines are attached by tag, judged, and left as they were', async () => {
  const standIn = await serve('aws', { neighbours: 0 });
  try {
    await makeKey(place.path('id'));
    standIn.deliver(2, readFileSync(place.path('id.pub'), 'utf8').trim());
    const plan = await standInPlan('aws', place.folder, {
      fleet: {
        endpoint: standIn.url,
        provision: undefined,
        attach: { regions: ['us-east-1', 'us-east-2'], tags: { delivery: 'tranche-7' } },
        'identity-file': place.path('id'),
      },
      suites: ['matmul'],
      count: 2,
    });
    const ended = await place.run('accept', plan, '--out', 'attached');
    assert.is(ended.code, 0, ended.text);
    assert.is(standIn.held().length, 2);
    for (const call of ['RunInstances', 'TerminateInstances']) {
      assert.is(standIn.calls.get(call), undefined);
    }
  } finally {
    await standIn.close();
  }
});

test('killed in provisioning or release, it leaves nothing that a sweep does not find', async () => {
  for (const wait of [150, 500, 1300]) {
    const standIn = await serve('aws', { boot: 'none', startingFor: 400, endingFor: 400 });
    try {
      const plan = await standInPlan('aws', place.folder, {
        fleet: { endpoint: standIn.url, 'boot-time': '1 s', 'host-key-wait': '1 ms' },
      });
      const out = `killed-${wait}`;
      const running = place.start(['accept', plan, '--out', out]);
      while ((standIn.calls.get('DescribeInstances') ?? 0) === 0) await pause(10);
      await pause(wait);
      running.child.kill('SIGKILL');
      await running.ended;
      const looked = await place.run('sweep', plan, '--out', out, '--json');
      assert.is(looked.code, 0, looked.text);
      const swept = await place.run('sweep', plan, '--out', out, '--yes');
      assert.is(swept.code, 0, swept.text);
      const left = standIn.held();
      assert.is(left.length, 6, JSON.stringify(left));
      assert.ok(left.every((one) => one.neighbour));
    } finally {
      await standIn.close();
    }
  }
});

test.run();
