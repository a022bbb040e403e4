import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../../runners/process.ts';
import { judgeKey } from '../../../runners/ssh/host-key.ts';
import { hostKeyName, readKnownHosts } from '../../../runners/ssh/known-hosts.ts';

const test = suite('known hosts');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-known-'));
});
test.after(() => rm(folder, { recursive: true }));

const key = (text: string) => Buffer.from(`\0\0\0\u000bssh-ed25519${text}`);
const line = (name: string, text: string, type = 'ssh-ed25519') =>
  `${name} ${type} ${key(text).toString('base64')}`;
const print = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64');

async function known(...lines: string[]) {
  const path = join(
    folder,
    `known-${lines.length}-${print(Buffer.from(lines.join())).slice(0, 8).replaceAll('/', '_')}`,
  );
  await writeFile(path, lines.join('\n'));
  return { path, hosts: await readKnownHosts([path]) };
}

test('names are found plain, in lists, by pattern and with a port', async () => {
  const { hosts } = await known(
    '# comment',
    'garbage',
    line('a,b', '1'),
    line('*.lab,!bad.lab', '2'),
    line('[c]:2222', '3'),
  );
  assert.is(hosts.lookup('b').keys.length, 1);
  assert.is(hosts.lookup('x.lab').keys.length, 1);
  assert.is(hosts.lookup('bad.lab').keys.length, 0);
  assert.is(hosts.lookup(hostKeyName('C', 2222)).keys.length, 1);
  assert.is(hosts.lookup('c').keys.length, 0);
});

test('names hashed by ssh-keygen -H are found', async () => {
  const { path } = await known(line('host1', '1'), line('[10.0.0.1]:2200', '2'), line('z', 'zz'));
  // A real key, for ssh-keygen refuses what is none.
  const real = join(folder, 'real');
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', real], { limit: 30 });
  const text = (await readFile(`${real}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
  await writeFile(path, `host1 ${text}\n[10.0.0.1]:2200 ${text}\n`);
  await run(['ssh-keygen', '-H', '-f', path], { limit: 30 });
  assert.match(await readFile(path, 'utf8'), /^\|1\|/u);
  const hosts = await readKnownHosts([path]);
  assert.is(hosts.lookup('host1').keys.length, 1);
  assert.is(hosts.lookup('[10.0.0.1]:2200').keys.length, 1);
  assert.is(hosts.lookup('host2').keys.length, 0);
});

test('a changed key is refused with file and line, also under accept-new', async () => {
  const { path, hosts } = await known('', line('a', '1'));
  for (const accept of [false, true]) {
    const judged = judgeKey(hosts.lookup('a'), 'a', 'ssh-ed25519', key('2'), accept, print);
    assert.is(judged.verdict === 'refused' && judged.error.code, 'SSH_HOST_KEY_MISMATCH');
    assert.ok(judged.verdict === 'refused' && judged.error.message.includes(`${path} line 2`));
  }
  const other = judgeKey(hosts.lookup('a'), 'a', 'ssh-rsa', key('3'), true, print);
  assert.is(other.verdict === 'refused' && other.error.code, 'SSH_HOST_KEY_MISMATCH');
});

test('an unknown key is refused, and recorded under accept-new', async () => {
  const { path, hosts } = await known(line('a', '1'));
  const judge = (accept: boolean) =>
    judgeKey(hosts.lookup('n'), 'n', 'ssh-ed25519', key('9'), accept, print);
  const judged = judge(false);
  assert.is(judged.verdict === 'refused' && judged.error.code, 'SSH_HOST_KEY_UNKNOWN');
  assert.is(judge(true).verdict, 'new');
  await hosts.record('n', 'ssh-ed25519', key('9'));
  assert.is(judge(false).verdict, 'known');
  assert.is((await readKnownHosts([path])).lookup('n').keys.length, 1);
});

test('a revoked key is refused even where it is also listed', async () => {
  const { hosts } = await known(line('a', '1'), `@revoked ${line('*', '1')}`);
  const judged = judgeKey(hosts.lookup('a'), 'a', 'ssh-ed25519', key('1'), true, print);
  assert.ok(judged.verdict === 'refused' && /revoked/u.test(judged.error.message));
});

test('a host known by an authority only is refused by name', async () => {
  const { hosts } = await known(`@cert-authority ${line('*.lab', 'ca')}`);
  const judged = judgeKey(hosts.lookup('a.lab'), 'a.lab', 'ssh-ed25519', key('1'), true, print);
  assert.ok(judged.verdict === 'refused' && /certificate authority/u.test(judged.error.message));
});

test.run();
