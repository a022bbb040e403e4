import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../../plan/errors.ts';
import { connectEc2 } from '../../../runners/aws/client.ts';
import { launchInput } from '../../../runners/aws/provision.ts';
import { systemClock } from '../../../runners/cloud/clock.ts';
import { serve } from '../../../fixtures/clouds/serve.ts';
import { block } from './subject.ts';

const test = suite('aws: secrets');

const KEY = 'AKIAIOSFODNN7EXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const TOKEN = 'IQoJb3JpZ2luX2VjEXAMPLETOKEN0123456789';

test('a provider that repeats what it was sent gives no secret away', async () => {
  const standIn = await serve('aws', { boot: 'none' });
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: KEY,
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_SESSION_TOKEN: TOKEN,
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  try {
    standIn.script({
      operation: 'DescribeInstances',
      does: 'error',
      code: 'SignatureDoesNotMatch',
      status: 403,
      message: `The Canonical String for this request should have been x-amz-security-token:${TOKEN} ${SECRET}`,
    });
    const hidden: string[] = [];
    const ec2 = await connectEc2({
      clock: systemClock,
      random: Math.random,
      standIn: false,
      endpoint: standIn.url,
      redact: (value) => hidden.push(value),
    });
    try {
      await ec2.call('us-east-1', 'DescribeInstances', {}, { signal: AbortSignal.timeout(5000) });
      assert.unreachable('it was refused');
    } catch (error) {
      assert.instance(error, HarnessError);
      const { code, message, details, cause, stack } = error as HarnessError;
      assert.is(code, 'PROVIDER_CREDENTIALS');
      const told = [message, JSON.stringify(details), String(cause), stack].join('\n');
      assert.not.match(told, new RegExp(`${TOKEN}|${SECRET}`, 'u'));
      assert.match(message, /\[redacted\]/u);
    }
    assert.equal(
      new Set(hidden),
      new Set([SECRET, TOKEN]),
      'the campaign is told to hide them too',
    );
  } finally {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    await standIn.close();
  }
});

test('user data holds the public half of the key only, and the end of the machine', () => {
  const { provision } = block('http://127.0.0.1:1');
  const [place] = provision?.places ?? [];
  if (provision === undefined || place === undefined) throw new Error('no place');
  const marks = { run: 'r', owner: 'o', expires: 1_800_000_000_000 };
  const request = {
    token: 't',
    count: 1,
    place: '',
    ordinal: 1,
    marks,
    publicKey: 'ssh-ed25519 AAAA',
  };
  const { UserData = '' } = launchInput(provision, place, request);
  const text = Buffer.from(UserData, 'base64').toString('utf8');
  assert.match(text, /^#cloud-config\n\{"ssh_authorized_keys":\["ssh-ed25519 AAAA"\]/u);
  assert.match(text, /shutdown -P .*1800000000/u);
  assert.not.match(text, /PRIVATE/u);
});

test.run();
