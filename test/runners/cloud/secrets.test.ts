/** Tokens of Azure and Google as their own libraries give them: in no message, and hidden everywhere else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PROJECT } from '../../../fixtures/clouds/gcp/store.ts';
import { SUBSCRIPTION } from '../../../fixtures/clouds/azure/store.ts';
import { serve } from '../../../fixtures/clouds/serve.ts';
import { HarnessError } from '../../../plan/errors.ts';
import { connectArm } from '../../../runners/azure/client.ts';
import { listSets } from '../../../runners/azure/machines.ts';
import { systemClock } from '../../../runners/cloud/clock.ts';
import { connectGcp } from '../../../runners/gcp/client.ts';
import { instancesIn } from '../../../runners/gcp/machines.ts';

const test = suite('azure, gcp: secrets');
const TOKEN = 'ya29.c.a0AfH6SMBx-EXAMPLE-TOKEN-0123456789';

/** A metadata server that gives the token, in the words of both clouds. */
async function withToken(
  variables: (host: string) => NodeJS.ProcessEnv,
  what: () => Promise<void>,
) {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'metadata-flavor': 'Google' });
    const ends = Math.floor(Date.now() / 1000) + 3600;
    const token = { access_token: TOKEN, token_type: 'Bearer', expires_in: 3600 };
    response.end(JSON.stringify({ ...token, expires_on: String(ends), resource: 'x' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const before = { ...process.env };
  Object.assign(process.env, variables(`127.0.0.1:${(server.address() as AddressInfo).port}`));
  try {
    await what();
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    server.closeAllConnections();
    server.close();
  }
}

interface Connecting {
  readonly endpoint: string;
  redact(value: string): void;
}

const shared = { clock: systemClock, random: Math.random, standIn: false } as const;

for (const [name, variables, call] of [
  [
    'azure',
    (host: string) => ({ IDENTITY_ENDPOINT: `http://${host}/token`, IDENTITY_HEADER: 'x' }),
    async (connecting: Connecting, signal: AbortSignal) => {
      const arm = await connectArm({ ...shared, ...connecting, subscription: SUBSCRIPTION });
      return listSets(arm, undefined, signal);
    },
  ],
  [
    'gcp',
    (host: string) => ({
      GCE_METADATA_HOST: host,
      METADATA_SERVER_DETECTION: 'assume-present',
      CLOUDSDK_CONFIG: '/nonexistent',
    }),
    async (connecting: Connecting, signal: AbortSignal) => {
      const gcp = await connectGcp({ ...shared, ...connecting, project: PROJECT });
      return instancesIn(gcp, undefined, signal);
    },
  ],
] as const) {
  test(`${name}: a provider that repeats what it was sent gives no token away`, async () => {
    const standIn = await serve(name, { boot: 'none' });
    try {
      const message = `the token Bearer ${TOKEN} may not do this`;
      const code = name === 'azure' ? 'AuthorizationFailed' : 'forbidden';
      standIn.script({ operation: '*', does: 'error', code, status: 403, message, times: 5 });
      const hidden: string[] = [];
      await withToken(variables, async () => {
        const connecting = {
          endpoint: standIn.url,
          redact: (one: string) => void hidden.push(one),
        };
        try {
          await call(connecting, AbortSignal.timeout(20_000));
          assert.unreachable('it was refused');
        } catch (error) {
          assert.instance(error, HarnessError);
          const { code: ours, details, cause, stack, message: told } = error as HarnessError;
          assert.is(ours, 'PROVIDER_PERMISSION');
          const all = [told, JSON.stringify(details), String(cause), stack].join('\n');
          assert.not.ok(all.includes(TOKEN));
          assert.match(told, /\[redacted\]/u);
        }
      });
      assert.equal([...new Set(hidden)], [TOKEN], 'the campaign is told to hide it too');
    } finally {
      await standIn.close();
    }
  });
}

test.run();
