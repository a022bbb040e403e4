import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeKey, startSshd, type TestSshd } from '../sshd.ts';
import { json, leftBehind, type VerdictFile, words, Workplace } from './command-line.ts';
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
  const codes = json<{ missing: { node: string; code: string }[] }>(run, 'fleet.json').missing;
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
  const { lot } = json<VerdictFile>(run, 'verdict.json');
  assert.equal([lot.accepted, lot.rejected, lot.notTested], [1, 0, 6]);
  assert.is(words(run)['n0001'], 'pass');
  assert.equal(await leftBehind(sshd.hosts.map((host) => host.home)), []);
  const verified = await at.run('verify', run ?? '');
  assert.is(verified.code, 0, verified.text);
});

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
