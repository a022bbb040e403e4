import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeKey } from '../../fixtures/clouds/nodes/sshd.ts';
import { startSshd, type TestSshd } from '../sshd.ts';
import { blame, json, leftBehind, verdictOf, words, Workplace } from './command-line.ts';
import { quickPlan } from './quick-plan.ts';

const test = suite('hosts that can not be reached');

const at = new Workplace();
let sshd: TestSshd;
let hosts: Readonly<Record<string, string>>;
const silent = createServer(() => undefined);

test.before(async () => {
  sshd = await startSshd({ hosts: 4 });
  const [good = '', stranger = '', unknown = '', changed = ''] = sshd.hosts.map(
    (host) => host.address,
  );
  const hangs = good.replace(/\d+$/u, '99');
  const refused = good.replace(/\d+$/u, '98');
  await new Promise<void>((resolve) => {
    silent.listen(sshd.port, hangs, resolve);
  });
  hosts = { good, stranger, unknown, changed, hangs, refused, nowhere: 'no-such-host.invalid' };
  const otherKey = join(sshd.folder, 'stranger');
  await makeKey(otherKey);
  // OpenSSH's own configuration: the one host is shown another key.
  at.write(
    'ssh_config',
    [
      `Host ${stranger}`,
      `  IdentityFile ${otherKey}`,
      `Host * !${stranger}`,
      `  IdentityFile ${sshd.identityFile}`,
      'Host *',
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${sshd.knownHosts}`,
      `  Port ${sshd.port}`,
      `  User ${userInfo().username}`,
      '',
    ].join('\n'),
  );
  const lines = readFileSync(sshd.knownHosts, 'utf8').split('\n');
  copyFileSync(sshd.knownHosts, at.path('all_known_hosts'));
  const wrong = join(sshd.folder, 'wrong');
  await makeKey(wrong);
  const key = readFileSync(`${wrong}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(
    sshd.knownHosts,
    lines
      .filter((line) => !line.includes(`[${unknown}]`) && !line.includes(`[${changed}]`))
      .join('\n'),
  );
  appendFileSync(sshd.knownHosts, `\n[${changed}]:${sshd.port} ${key}\n`);
});
test.after(async () => {
  silent.close();
  await sshd.stop();
  at.remove();
});

const fleet = (...names: readonly string[]) => ({
  runner: 'ssh',
  hosts: names.map((name) => hosts[name] ?? name),
  config: at.path('ssh_config'),
  'connect-timeout': '2 s',
});

const ALONE: readonly (readonly [name: string, what: string, says: RegExp])[] = [
  ['nowhere', 'a name that leads nowhere', /no such host|EAI_AGAIN/u],
  ['refused', 'a port that refuses', /connection refused/u],
  ['stranger', 'a key that is not taken', /takes no key/u],
  ['unknown', 'a host key that nobody knows', /is not known/u],
  ['changed', 'a host key that has changed', /shows another key/u],
  ['hangs', 'a host that hangs at its banner', /no SSH handshake/u],
];
for (const [name, what, says] of ALONE) {
  test(`${what} ends in exit 4 where nothing else is there`, async () => {
    at.write('plan.yaml', quickPlan(fleet(name)));
    const { code, text } = await at.run('accept', 'plan.yaml', '--out', 'alone');
    assert.is(code, 4, text);
    assert.match(text, says);
    assert.match(text, /go on with: assay resume/u);
  });
}

test('beside a good host they are not tested, each with its reason, and the good one is', async () => {
  const names = ['good', 'stranger', 'unknown', 'changed', 'hangs', 'refused', 'nowhere'];
  at.write('plan.yaml', quickPlan(fleet(...names), names.length));
  const { code, text } = await at.run('accept', 'plan.yaml');
  assert.is(code, 3, text);
  const [run] = at.runs();
  const codes = (json(run, 'fleet.json') as { missing: { code: string }[] }).missing;
  assert.equal(
    codes.map((one) => one.code),
    [
      'SSH_AUTH',
      'SSH_HOST_KEY_UNKNOWN',
      'SSH_HOST_KEY_MISMATCH',
      'SSH_UNREACHABLE',
      'SSH_UNREACHABLE',
      'SSH_UNREACHABLE',
    ],
  );
  const { lot } = verdictOf(run);
  assert.equal([lot.accepted, lot.rejected, lot.notTested], [1, 0, 6]);
  assert.is(words(run)['n0001'], 'pass');
  assert.equal(await leftBehind(sshd.hosts.map((host) => host.home)), []);
  const verified = await at.run('verify', run ?? '');
  assert.is(verified.code, 0, verified.text);
});

/** Kills a host: its sshd, its connections, and all that runs there. */
async function dies(host: TestSshd['hosts'][number] | undefined): Promise<void> {
  if (host === undefined) throw new Error('no host');
  await sshd.refuse(host);
  await sshd.cut(host);
  for (const line of await leftBehind([host.home], 0))
    process.kill(Number.parseInt(line), 'SIGKILL');
}

for (const [grace, expected, word, owner] of [
  ['30 min', 3, 'not-tested', 'reach SSH_LOST'],
  ['1 s', 1, 'fail', 'node UNREACHABLE'],
] as const) {
  test(`a host that dies in a trial is ${word} with a grace of ${grace}`, async () => {
    const [first, second] = sshd.hosts;
    const options = sshd.options({ hosts: [first?.address, second?.address], lease: '2 s', grace });
    at.write(
      'plan.yaml',
      quickPlan({ runner: 'ssh', ...options, 'known-hosts': at.path('all_known_hosts') }),
    );
    const command = at.start(['accept', 'plan.yaml', '--out', `dies-${expected}`]);
    await command.saw(/round 1: \d/u);
    await pause(500);
    try {
      await dies(second);
      const { code, text } = await command.ended;
      assert.is(code, expected, text);
    } finally {
      if (second !== undefined) await sshd.listen(second);
    }
    const [run = ''] = at.runs(`dies-${expected}`);
    assert.equal(words(run), { n0001: 'pass', n0002: word });
    assert.is(blame(run)['n0002'], owner);
    const verified = await at.run('verify', run);
    assert.is(verified.code, 0, verified.text);
  });
}

test('two rows with one serial are named before anything is reached', async () => {
  at.write('hosts.csv', 'host,serial\nno-such-a.invalid,S1\nno-such-b.invalid,S1\n');
  at.write('plan.yaml', quickPlan(fleet(`file:${at.path('hosts.csv')}`)));
  const { code, text } = await at.run('accept', 'plan.yaml', '--out', 'serial');
  assert.is(code, 2, text);
  assert.match(text, /the same serial.*"S1".*hosts\.csv line 2.*hosts\.csv line 3/u);
});

test('two rows that are one machine by name are named too', async () => {
  at.write('plan.yaml', quickPlan(fleet('good', 'good')));
  const { code, text } = await at.run('accept', 'plan.yaml', '--out', 'twice');
  assert.is(code, 2, text);
  assert.match(text, /the same host more than once/u);
});

test.run();
