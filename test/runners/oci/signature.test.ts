/** Requests as the vendor's library signs them, held against node:crypto; and what the stand-in does not take. */
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serve } from '../../../fixtures/clouds/serve.ts';
import { HarnessError } from '../../../plan/errors.ts';
import { systemClock } from '../../../runners/cloud/clock.ts';
import { connectOci } from '../../../runners/oci/client.ts';
import { signing } from '../../../runners/oci/signing.ts';
import { COMPARTMENT } from '../../../fixtures/clouds/oci/store.ts';
import { ociOf } from './subject.ts';

const test = suite('oci: signatures');
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const TENANCY = 'ocid1.tenancy.oc1..aaaa';
const USER = 'ocid1.user.oc1..bbbb';
const PRINT = '20:3b:97:13:55:1c:5b:0d:d3:37:d8:50:4e:c5:3a:34';
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.not-a-session';

const folder = mkdtempSync(join(tmpdir(), 'assay-oci-'));
const before = process.env['OCI_CONFIG_FILE'];
test.before(() => {
  const at = (name: string) => join(folder, name);
  writeFileSync(at('key.pem'), PEM);
  writeFileSync(at('token'), TOKEN);
  const common = `user=${USER}\nfingerprint=${PRINT}\ntenancy=${TENANCY}\nregion=eu-frankfurt-1\nkey_file=${at('key.pem')}\n`;
  const session = `[SESSION]\n${common}security_token_file=${at('token')}\n`;
  writeFileSync(at('config'), `[DEFAULT]\n${common}\n${session}`);
  process.env['OCI_CONFIG_FILE'] = at('config');
});
test.after(() => {
  if (before === undefined) delete process.env['OCI_CONFIG_FILE'];
  else process.env['OCI_CONFIG_FILE'] = before;
  rmSync(folder, { recursive: true, force: true });
});

const real = (profile: string, hidden: string[] = []) =>
  signing({
    credentials: 'config',
    profile,
    standIn: false,
    redact: (value) => hidden.push(value),
  });

/** What the specification of HTTP signatures has one sign. */
function textOf(names: string, lines: Readonly<Record<string, string>>): string {
  return names
    .toLowerCase()
    .split(' ')
    .map((name) => `${name}: ${lines[name] ?? ''}`)
    .join('\n');
}

test('method, path, query, host, date and body are under the signature, and node:crypto agrees', async () => {
  const { authorise } = await real('DEFAULT');
  const url = 'https://iaas.eu-frankfurt-1.oraclecloud.com/20160918/instances?compartmentId=a%20b';
  const body = JSON.stringify({ displayName: 'größer' });
  for (const [method, sent] of [
    ['GET', undefined],
    ['DELETE', undefined],
    ['POST', body],
    ['PUT', body],
  ] as const) {
    const plain = { 'content-type': 'application/json' };
    const call = { method, url, headers: plain, ...(sent !== undefined && { body: sent }) };
    const { headers } = await authorise(call, false);
    const { authorization = '' } = headers;
    const part = (name: string) => new RegExp(`${name}="([^"]+)"`, 'u').exec(authorization)?.[1];
    assert.is(part('keyId'), `${TENANCY}/${USER}/${PRINT}`);
    const sum = createHash('sha256')
      .update(sent ?? '')
      .digest('base64');
    const text = textOf(part('headers') ?? '', {
      ...headers,
      '(request-target)': `${method.toLowerCase()} /20160918/instances?compartmentId=a%20b`,
      host: 'iaas.eu-frankfurt-1.oraclecloud.com',
      'content-length': String(Buffer.byteLength(sent ?? '')),
      'x-content-sha256': sum,
    });
    assert.match(text, /^\(request-target\): /mu);
    assert.is(/^x-content-sha256: /mu.test(text), sent !== undefined);
    const signature = Buffer.from(part('signature') ?? '', 'base64');
    assert.ok(verify('RSA-SHA256', Buffer.from(text), publicKey, signature), method);
    assert.is(sign('RSA-SHA256', Buffer.from(text), privateKey).compare(signature), 0);
  }
});

test('a session signs with its token as the key id, and the token is hidden everywhere', async () => {
  const hidden: string[] = [];
  const { authorise } = await real('SESSION', hidden);
  const call = { method: 'GET', url: 'https://iaas.us-ashburn-1.oraclecloud.com/', headers: {} };
  const { headers, secrets } = await authorise(call, false);
  assert.match(headers['authorization'] ?? '', `keyId="ST$${TOKEN}"`);
  assert.ok(hidden.includes(`ST$${TOKEN}`) && secrets.includes(`ST$${TOKEN}`));
});

test('regions have the hosts that the vendor gives them', async () => {
  const signer = await real('DEFAULT');
  assert.is(signer.origin('iaas', 'us-ashburn-1'), 'https://iaas.us-ashburn-1.oraclecloud.com');
  assert.is(
    signer.origin('identity', 'uk-gov-london-1'),
    'https://identity.uk-gov-london-1.oci.oraclegovcloud.uk',
  );
  assert.is(await signer.tenancy(), TENANCY);
});

test('without credentials it is told as such, with what to do', async () => {
  const { authorise } = await real('NOBODY');
  try {
    await authorise(
      { method: 'GET', url: 'https://iaas.us-ashburn-1.oraclecloud.com/', headers: {} },
      false,
    );
    assert.unreachable('nobody signed');
  } catch (error) {
    assert.instance(error, HarnessError);
    assert.is((error as HarnessError).code, 'PROVIDER_CREDENTIALS');
  }
});

test('the stand-in takes no request that was changed on the way', async () => {
  const standIn = await serve('oci', { boot: 'none' });
  try {
    const { authorise } = await signing({
      credentials: 'config',
      profile: 'DEFAULT',
      standIn: true,
      redact: () => undefined,
    });
    const url = `${standIn.url}/us-ashburn-1/20160918/computeClusters`;
    const body = JSON.stringify({ compartmentId: COMPARTMENT, availabilityDomain: 'a' });
    const headers = { 'content-type': 'application/json' };
    const signed = await authorise({ method: 'POST', url, headers, body }, false);
    const status = async (more: Readonly<Record<string, string>>, text: string) => {
      const all = { ...headers, ...signed.headers, ...more };
      return (await fetch(url, { method: 'POST', headers: all, body: text })).status;
    };
    assert.is(await status({}, body), 200);
    assert.is(await status({}, body.replace('"a"', '"b"')), 401);
    assert.is(await status({ 'x-date': new Date(0).toUTCString() }, body), 401);
    assert.is(await status({ authorization: 'Bearer stand-in' }, body), 401);
  } finally {
    await standIn.close();
  }
});

test('a provider that repeats what it was sent gives no signature and no token away', async () => {
  const standIn = await serve('oci', { boot: 'none' });
  try {
    const echo = `The request was signed by ST$${TOKEN}`;
    const trouble = {
      operation: '*',
      does: 'error',
      code: 'NotAuthenticated',
      status: 401,
    } as const;
    standIn.script({ ...trouble, message: echo });
    const hidden: string[] = [];
    const oci = await connectOci({
      clock: systemClock,
      random: Math.random,
      compartment: COMPARTMENT,
      endpoint: standIn.url,
      credentials: 'config',
      profile: 'SESSION',
      standIn: false,
      redact: (value) => hidden.push(value),
    });
    try {
      await oci.regions('us-ashburn-1', AbortSignal.timeout(5000));
      assert.unreachable('it was refused');
    } catch (error) {
      const { message, details, stack, cause } = error as HarnessError;
      const told = [message, JSON.stringify(details), stack, String(cause)].join('\n');
      assert.not.ok(told.includes(TOKEN) || /signature="/u.test(told) || told.includes('PRIVATE'));
      assert.match(message, /\[redacted\]/u);
    }
    assert.ok(hidden.includes(`ST$${TOKEN}`));
  } finally {
    await standIn.close();
  }
});

test('a key that is made for a stand-in is made once', async () => {
  const standIn = await serve('oci', { boot: 'none' });
  try {
    const oci = await ociOf(standIn.url, systemClock);
    const signal = AbortSignal.timeout(5000);
    const regions = await Promise.all([1, 2].map(() => oci.regions('us-ashburn-1', signal)));
    assert.equal(regions[0], ['us-ashburn-1', 'us-phoenix-1']);
  } finally {
    await standIn.close();
  }
});

test.run();
