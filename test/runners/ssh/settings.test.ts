import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readConfigText } from '../../../runners/ssh/config-file.ts';
import { settingsFrom } from '../../../runners/ssh/settings.ts';

const test = suite('ssh settings');

test('the configuration is read as OpenSSH reads it: first value wins, patterns, tokens', () => {
  const of = settingsFrom(`
Host gpu0? !gpu09
  HostName %h.fabric.lab
  Port 2222
  User tester
  IdentityFile ~/.ssh/lab_%r
  IdentitiesOnly yes
  HostKeyAlias lab-%h
Host gpu*
  User other
  ProxyJump bastion,inner:2200
  StrictHostKeyChecking accept-new
  UserKnownHostsFile /a/known /b/known
Host px
  ProxyCommand nc -X 5 %h %p
Host *
  CertificateFile ~/.ssh/%n-cert.pub
`);
  const one = of('gpu01', {});
  assert.is(one.address, 'gpu01.fabric.lab');
  assert.is(one.port, 2222);
  assert.is(one.user, 'tester');
  assert.equal(one.identityFiles, [join(homedir(), '.ssh/lab_tester')]);
  assert.ok(one.identitiesOnly);
  assert.equal(one.jumps, ['bastion', 'inner:2200']);
  assert.ok(one.acceptNew);
  assert.equal(one.knownHosts.slice(0, 2), ['/a/known', '/b/known']);
  assert.equal(one.certificateFiles, [join(homedir(), '.ssh/gpu01-cert.pub')]);
  assert.is(of('gpu09', {}).user, 'other');
  assert.is(of('px', { port: 7 }).proxyCommand, 'nc -X 5 px 7');
  assert.is(of('gpu01', { user: 'me', address: '10.0.0.1' }).address, '10.0.0.1');
});

test('Include is followed, also from inside a section, and the section goes on after it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-config-'));
  try {
    await mkdir(join(folder, 'config.d'));
    await writeFile(join(folder, 'config.d', 'a.conf'), 'Host deep\n  Port 1234\n');
    await writeFile(join(folder, 'config.d', 'b.conf'), 'Host deeper\n  Port 2345\n');
    await writeFile(
      join(folder, 'config'),
      'Include config.d/*.conf\nHost here\n  Port 77\n  Include config.d/a.conf\n  User after\n',
    );
    const of = settingsFrom(await readConfigText(join(folder, 'config'), folder));
    assert.is(of('deep', {}).port, 1234);
    assert.is(of('deeper', {}).port, 2345);
    assert.is(of('here', {}).port, 77);
    assert.is(of('here', {}).user, 'after');
    assert.is.not(of('deep', {}).user, 'after');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('without any configuration the usual keys and files are meant', () => {
  const plain = settingsFrom('')('n1', {});
  assert.is(plain.port, 22);
  assert.is(plain.address, 'n1');
  assert.is(plain.identityFiles[0], join(homedir(), '.ssh/id_ed25519'));
  assert.not(plain.identitiesConfigured);
  assert.not(plain.acceptNew);
});

test.run();
