import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeManifest } from '../../../campaign/directory/manifest.ts';
import { checkSignatures, type Trust } from '../../../campaign/signatures/check.ts';
import { signRun } from '../../../campaign/signatures/sign.ts';
import type { Problem } from '../../../campaign/verify-files.ts';
import { rejects } from '../../rejects.ts';

const test = suite('signatures');
const folder = mkdtempSync(join(tmpdir(), 'assay-sign-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const now = new Date('2026-12-16T00:00:00Z');

function tool(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  assert.is(status, 0, stderr);
}

const keys = new Map<string, string>();
function key(name: string): string {
  const path = join(folder, `key-${name}`);
  if (!keys.has(name)) {
    tool('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `${name}@example.com`, '-f', path);
    keys.set(name, readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' '));
  }
  return path;
}

let count = 0;
async function sealed(): Promise<string> {
  const path = join(folder, `run-${(count += 1)}`);
  mkdirSync(path);
  writeFileSync(join(path, 'plan.json'), `{"n":${count}}`);
  await writeManifest(path, { run: 'r', sealedAt: now.toISOString(), version: '0' });
  return path;
}

/** Lines of an allowed_signers file. */
function allowed(...lines: string[]): string {
  const path = join(folder, `allowed-${(count += 1)}`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function check(path: string, trust: Partial<Trust> = {}) {
  const problems: Problem[] = [];
  const found = await checkSignatures(path, '', { now, ...trust }, problems);
  return {
    words: found.map(({ signer, word }) => `${signer} ${word}`),
    problems: problems.map(({ file, what }) => `${file}: ${what}`),
    found,
  };
}

test('buyer and provider sign one manifest; both are known, or neither is asked for', async () => {
  const path = await sealed();
  const signed = await signRun(path, { key: key('buyer') });
  assert.equal(signed.files, ['signatures/buyer@example.com.sig']);
  await signRun(path, { key: key('provider'), signer: 'provider@example.com' });
  const plain = await check(path);
  assert.equal(plain.words, ['buyer@example.com unchecked', 'provider@example.com unchecked']);
  assert.equal(plain.problems, []);
  const both = allowed(
    `buyer@example.com namespaces="assay-run" ${keys.get('buyer')}`,
    `provider@example.com ${keys.get('provider')}`,
  );
  const known = await check(path, { allowed: both });
  assert.equal(known.words, ['buyer@example.com valid', 'provider@example.com valid']);
  assert.equal(known.problems, []);
});

const WRONG: readonly (readonly [what: string, line: () => string, says: RegExp])[] = [
  ['another key', () => `buyer@example.com ${keys.get('provider')}`, /is by another key .* than/u],
  ['an unknown signer', () => `x@y ${keys.get('buyer')}`, /buyer@example.com is not in allowed/u],
  [
    'a key expired since',
    () => `buyer@example.com valid-before="20261215" ${keys.get('buyer')}`,
    /its key has expired .*2026-12-15/u,
  ],
  [
    'a key that is valid later',
    () => `buyer@example.com valid-after="20270101" ${keys.get('buyer')}`,
    /its key is not yet valid/u,
  ],
  [
    'a key for something else',
    () => `buyer@example.com namespaces="git" ${keys.get('buyer')}`,
    /its key is not permitted/u,
  ],
];
for (const [what, line, says] of WRONG) {
  test(`${what} is named`, async () => {
    const path = await sealed();
    key('provider');
    await signRun(path, { key: key('buyer') });
    const { words, problems } = await check(path, { allowed: allowed(line()) });
    assert.equal(words, ['buyer@example.com invalid']);
    assert.match(problems.join('\n'), says);
  });
}

test('a signature of another run is named without any allowed_signers', async () => {
  const [path, other] = [await sealed(), await sealed()];
  await signRun(other, { key: key('buyer') });
  mkdirSync(join(path, 'signatures'));
  const name = 'signatures/buyer@example.com.sig';
  copyFileSync(join(other, name), join(path, name));
  writeFileSync(join(path, 'signatures/notes.txt'), 'x');
  const { problems } = await check(path, { required: ['provider@example.com'] });
  assert.is(problems.length, 3);
  assert.match(problems[0] ?? '', /is no signature over this manifest\.json/u);
  assert.equal(problems.slice(1), [
    'signatures/notes.txt: is no signature',
    'signatures/provider@example.com.sig: is missing',
  ]);
});

test('a run that was changed, or has that signer already, is not signed', async () => {
  const path = await sealed();
  await signRun(path, { key: key('buyer') });
  const again = await rejects(signRun(path, { key: key('buyer') }), 'USAGE');
  assert.match(again.message, /has signed this run already/u);
  const named = await rejects(signRun(path, { key: key('buyer'), signer: '../x' }), 'USAGE');
  assert.match(named.message, /can't name a signer/u);
  const none = await rejects(signRun(path, { key: join(folder, 'no'), signer: 'x' }), 'USAGE');
  assert.match(none.message, /ssh-keygen can't sign with/u);
  writeFileSync(join(path, 'plan.json'), '{}');
  await rejects(signRun(path, { key: key('provider') }), 'EVIDENCE_HASH_MISMATCH');
});

test('a time stamp of a known authority keeps a signature whose key expired since', async () => {
  authority();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      writeFileSync(join(folder, 'query.tsq'), Buffer.concat(parts));
      tool(
        'openssl',
        'ts',
        '-reply',
        '-config',
        'tsa.cnf',
        '-queryfile',
        'query.tsq',
        '-out',
        'r.tsr',
      );
      response.end(readFileSync(join(folder, 'r.tsr')));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const path = await sealed();
    const timestamp = `http://127.0.0.1:${port}/`;
    const signed = await signRun(path, { key: key('buyer'), timestamp });
    assert.is(signed.files.length, 2);
    const soon = new Date(Date.now() + 60_000).toISOString().replaceAll(/[-:T]/gu, '').slice(0, 14);
    const trust = {
      allowed: allowed(`buyer@example.com valid-before="${soon}" ${keys.get('buyer')}`),
      now: new Date(Date.now() + 3600_000),
    };
    assert.equal((await check(path, trust)).words, ['buyer@example.com invalid']);
    const stamped = await check(path, { ...trust, authority: join(folder, 'tsa.pem') });
    assert.equal(stamped.words, ['buyer@example.com valid']);
    assert.is(stamped.found[0]?.stamp?.stamp, 'verified');
    // Anybody's certificates but the authority's.
    tool(
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'o.key',
      '-out',
      'o.pem',
      '-subj',
      '/CN=o',
    );
    const other = await check(path, { ...trust, authority: join(folder, 'o.pem') });
    assert.match(other.problems.join(), /its time stamp does not hold: not by the authority/u);
    const again = await sealed();
    await signRun(again, { key: key('buyer') });
    const stamp = 'signatures/buyer@example.com.tsr';
    copyFileSync(join(path, stamp), join(again, stamp));
    assert.match((await check(again)).problems.join(), /over other bytes/u);
  } finally {
    server.close();
  }
});

/** A time-stamp authority of one certificate. */
function authority(): void {
  writeFileSync(
    join(folder, 'tsa.cnf'),
    [
      '[req]',
      'distinguished_name=dn',
      '[dn]',
      '[ext]',
      'extendedKeyUsage=critical,timeStamping',
      '[tsa]',
      'default_tsa=one',
      '[one]',
      'serial=./serial',
      'signer_cert=./tsa.pem',
      'signer_key=./tsa.key',
      'signer_digest=sha256',
      'default_policy=1.2.3.4.1',
      'digests=sha256',
      'crypto_device=builtin',
      '',
    ].join('\n'),
  );
  writeFileSync(join(folder, 'serial'), '01\n');
  const made = ['-keyout', 'tsa.key', '-out', 'tsa.pem', '-subj', '/CN=tsa'];
  const kind = ['-config', 'tsa.cnf', '-extensions', 'ext'];
  tool('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made, ...kind);
}

test.run();
