import { readFile, writeFile, appendFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fleet, RunContext } from '../../runners/model.ts';
import { run } from '../../runners/process.ts';
import { runners } from '../../runners/registry.ts';
import { rejects } from '../rejects.ts';
import { hear, testContext, testStep } from '../runners/context.ts';
import { makeKey } from '../../fixtures/clouds/nodes/sshd.ts';
import { startSshd, type TestSshd } from '../sshd.ts';

const test = suite('reaching hosts over ssh');

let sshd: TestSshd;
test.before(async () => {
  sshd = await startSshd({ hosts: 3 });
});
test.after(() => sshd.stop());

async function open(more: Readonly<Record<string, unknown>>, context: Partial<RunContext> = {}) {
  const configured = runners.find((one) => one.id === 'ssh')?.configure(sshd.options(more));
  if (configured === undefined || 'issues' in configured) {
    throw new Error(JSON.stringify(configured));
  }
  const runner = await configured.use();
  return runner.open(testContext(context), AbortSignal.timeout(60_000));
}

async function works(fleet: Fleet): Promise<void> {
  try {
    const nodes = fleet.nodes.map((node) => node.id);
    const { exits } = await hear(fleet, testStep(nodes, ['true']));
    assert.ok(
      exits.every((exit) => exit.ended === 'exited' && exit.code === 0),
      JSON.stringify(exits),
    );
  } finally {
    await fleet.release([]);
  }
}

const names = () => sshd.hosts.map((host) => host.address);

test('a host that can not be reached is missing with its reason, the others are there', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => {
    silent.listen(sshd.port, '127.0.0.99', resolve);
  });
  const strange = 'bad\u0007name';
  try {
    const fleet = await open({
      hosts: [...names().slice(0, 1), '127.0.0.98', '127.0.0.99', 'no-such-host.invalid'],
      'connect-timeout': '2 s',
    });
    assert.equal(
      fleet.nodes.map((node) => node.id),
      ['n0001'],
    );
    assert.equal(
      fleet.missing.map(({ node, code }) => [node.id, code]),
      [
        ['n0002', 'SSH_UNREACHABLE'],
        ['n0003', 'SSH_UNREACHABLE'],
        ['n0004', 'SSH_UNREACHABLE'],
      ],
    );
    const [refused, hangs, unknown] = fleet.missing;
    assert.match(refused?.reason ?? '', /connection refused/u);
    assert.match(hangs?.reason ?? '', /no SSH handshake/u);
    assert.match(unknown?.reason ?? '', /no such host|EAI_AGAIN/u);
    await works(fleet);
  } finally {
    silent.close();
  }
  const configured = runners.find((one) => one.id === 'ssh')?.configure({ hosts: strange });
  assert.ok(configured !== undefined && 'issues' in configured);
});

test('when no host can be reached that is an error of the fleet', async () => {
  const error = await rejects(open({ hosts: '127.0.0.[97-98]' }), 'FLEET_UNREACHABLE');
  assert.match(error.message, /127\.0\.0\.97.*connection refused/u);
});

test('a key that the host does not take is said to be that', async () => {
  const stranger = join(sshd.folder, 'stranger');
  await makeKey(stranger);
  const error = await rejects(open({ 'identity-file': stranger }), 'FLEET_UNREACHABLE');
  assert.match(error.message, /takes no key/u);
  const nothing = await rejects(
    open({ 'identity-file': join(sshd.folder, 'absent') }),
    'FLEET_UNREACHABLE',
  );
  assert.match(nothing.message, /absent: ENOENT/u);
});

test('an encrypted key opens with its passphrase secret, else it is named', async () => {
  const locked = join(sshd.folder, 'locked');
  await makeKey(locked, 'ed25519', 'open sesame');
  await appendFile(join(sshd.folder, 'authorized_keys'), await readFile(`${locked}.pub`));
  const error = await rejects(open({ 'identity-file': locked }), 'FLEET_UNREACHABLE');
  assert.match(error.message, /locked is encrypted: name its passphrase/u);
  const redacted: string[] = [];
  const fleet = await open(
    { 'identity-file': locked, 'passphrase-secret': 'word' },
    {
      secret: (name) => (name === 'word' ? 'open sesame' : undefined),
      redact: (value) => redacted.push(value),
    },
  );
  assert.equal(redacted, ['open sesame']);
  await works(fleet);
  const wrong = await rejects(
    open({ 'identity-file': locked, 'passphrase-secret': 'word' }, { secret: () => 'wrong' }),
    'FLEET_UNREACHABLE',
  );
  assert.match(wrong.message, /passphrase does not open it/u);
});

test('an unknown key is refused, or recorded under accept-new; a changed one never taken', async () => {
  const known = join(sshd.folder, 'known-new');
  const unknown = await rejects(open({ 'known-hosts': known }), 'FLEET_UNREACHABLE');
  assert.match(unknown.message, /key of \[127[\d.]+\]:\d+ is not known \(ssh-ed25519 SHA256:/u);
  await works(await open({ 'known-hosts': known, 'host-keys': 'accept-new' }));
  assert.is((await readFile(known, 'utf8')).trim().split('\n').length, 3);
  await works(await open({ 'known-hosts': known }));

  const lines = (await readFile(known, 'utf8')).trim().split('\n');
  const [first = '', second = '', third = ''] = lines;
  const swapped = [
    `${first.split(' ')[0]} ${second.split(' ').slice(1).join(' ')}`,
    second,
    third,
  ].join('\n');
  await writeFile(known, swapped);
  const fleet = await open({ 'known-hosts': known, 'host-keys': 'accept-new' });
  assert.is(fleet.missing.length, 1);
  assert.is(fleet.missing[0]?.code, 'SSH_HOST_KEY_MISMATCH');
  assert.ok(/known-new line \d/u.test(fleet.missing[0]?.reason ?? ''));
  await works(fleet);
});

test('hosts are reached through several jump hosts, over one shared connection', async () => {
  const [one = '', two = '', three = ''] = names();
  const config = join(sshd.folder, 'config-jump');
  const common = `  Port ${sshd.port}\n  IdentityFile ${sshd.identityFile}\n  UserKnownHostsFile ${sshd.knownHosts}\n`;
  await writeFile(
    config,
    `Host target-*\n  HostName ${three}\n  ProxyJump first,second\nHost first\n  HostName ${one}\nHost second\n  HostName ${two}\nHost *\n${common}`,
  );
  const before = await Promise.all(sshd.hosts.map((host) => sshd.accepted(host)));
  const fleet = await open({
    hosts: 'target-[1-2]',
    config,
    port: undefined,
    'identity-file': undefined,
    'known-hosts': undefined,
  });
  assert.is(fleet.nodes.length, 2);
  assert.is(fleet.nodes[0]?.fabricAddress, three);
  const after = await Promise.all(sshd.hosts.map((host) => sshd.accepted(host)));
  assert.equal(
    after.map((count, index) => count - (before[index] ?? 0)),
    [1, 1, 2],
  );
  await works(fleet);
});

test('a proxy command carries the connection', async () => {
  const [one = ''] = names();
  const config = join(sshd.folder, 'config-proxy');
  const relay = `/usr/bin/python3 -c 'import socket,sys,threading,os
s=socket.create_connection((sys.argv[1],int(sys.argv[2])))
def up():
    while True:
        b=os.read(0,65536)
        if not b: break
        s.sendall(b)
threading.Thread(target=up,daemon=True).start()
while True:
    b=s.recv(65536)
    if not b: break
    os.write(1,b)'`;
  const script = join(sshd.folder, 'proxy.sh');
  await writeFile(script, `exec ${relay} "$@"\n`);
  await writeFile(config, `Host via\n  HostName ${one}\n  ProxyCommand sh ${script} %h %p\n`);
  await works(await open({ hosts: 'via', config }));
});

test("a user's certificate goes through the system's ssh", async () => {
  const authority = join(sshd.folder, 'authority');
  const signed = join(sshd.folder, 'signed');
  await makeKey(authority);
  await makeKey(signed);
  const user = userInfo().username;
  const sign = [
    'ssh-keygen',
    '-q',
    '-s',
    authority,
    '-I',
    'test',
    '-n',
    user,
    `${signed}.pub`,
  ] as const;
  await run([...sign], { limit: 30 });
  const line = `cert-authority ${await readFile(`${authority}.pub`, 'utf8')}`;
  await appendFile(join(sshd.folder, 'authorized_keys'), line);
  const fleet = await open({ 'identity-file': signed });
  assert.is(fleet.nodes.length, 3);
  await works(fleet);
});

test('what login files print is not taken for ours', async () => {
  const [host] = sshd.hosts;
  if (host === undefined) throw new Error('no host');
  const noise = join(host.home, '.bashrc');
  await writeFile(noise, String.raw`printf 'Welcome\033[31m to gpu01\nassay:cache\t/nowhere\n'`);
  try {
    const fleet = await open({ hosts: host.address });
    const script = 'pwd';
    const { output } = await hear(fleet, testStep(['n0001'], ['sh', '-c', script]));
    assert.ok(output.get('n0001')?.stdout.toString().startsWith(host.home));
    await fleet.release([]);
  } finally {
    await writeFile(noise, '');
  }
});

test.run();
