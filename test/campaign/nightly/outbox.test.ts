import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deliver, enqueue, headersOf, type Message } from '../../../campaign/nightly/outbox.ts';
import { rejects } from '../../rejects.ts';

const test = suite('outbox');
const out = mkdtempSync(join(tmpdir(), 'assay-outbox-'));
const HOST = '127.40.0.3';
const got: { headers: IncomingHttpHeaders; body: string }[] = [];
let status = 200;
const server: Server = createServer((request, response) => {
  let body = '';
  request.on('data', (part: Buffer) => (body += part.toString()));
  request.on('end', () => {
    got.push({ headers: request.headers, body });
    response.writeHead(status, status === 302 ? { location: 'http://127.40.0.4/' } : {}).end();
  });
});
let address = '';

test.before(async () => {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  address = `http://${HOST}:${(server.address() as AddressInfo).port}/hook`;
});
test.before.each(() => {
  got.length = 0;
  status = 200;
});
test.after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(out, { recursive: true, force: true });
});

const message = (digit: string, night = '2026-12-01'): Message => ({
  id: `msg_${digit.repeat(24)}`,
  body: { schema: 'assay/webhook/1', event: 'alarm-opened', delivery: 'D', night },
});
const receiver = (more: object = {}) => ({
  address,
  secret: `whsec_${Buffer.from('key').toString('base64')}`,
  signal: new AbortController().signal,
  now: () => new Date('2026-12-01T02:00:00Z'),
  firstPause: 0.01,
  ...more,
});

test('a message is signed as Standard Webhooks has it, sent once, and leaves the queue', async () => {
  const queue = join(out, 'sent');
  await enqueue(queue, [message('a'), message('a')]);
  assert.equal(await deliver(queue, receiver(), () => true), { sent: 1, left: 0, aside: [] });
  assert.is(got.length, 1);
  const { headers, body } = got[0] ?? { headers: {}, body: '' };
  const id = String(headers['webhook-id']);
  const signed = `${id}.${String(headers['webhook-timestamp'])}.${body}`;
  const wanted = createHmac('sha256', 'key').update(signed).digest('base64');
  assert.is(headers['webhook-signature'], `v1,${wanted}`);
  assert.equal(readdirSync(queue), []);
});

test('the signature is that of the specification’s own example', () => {
  // https://github.com/standard-webhooks/standard-webhooks, spec: the libraries' shared test vector.
  const headers = headersOf('msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}', {
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    now: () => new Date(1_614_265_330_000),
  });
  assert.is(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('a receiver that is down is tried again, then the message waits for the next night', async () => {
  const queue = join(out, 'down');
  await enqueue(queue, [message('b'), message('c', '2026-12-02')]);
  status = 503;
  const first = await deliver(queue, receiver(), () => true);
  assert.equal(first, { sent: 0, left: 2, aside: [], why: 'HTTP 503' });
  assert.is(got.length, 3);
  status = 204;
  assert.equal(await deliver(queue, receiver(), () => true), { sent: 2, left: 0, aside: [] });
  assert.match(got.at(-1)?.body ?? '', /2026-12-02/u);
});

test('a refusal, a redirect and nobody there keep it; nothing of the address is said', async () => {
  const queue = join(out, 'refused');
  await enqueue(queue, [message('d')]);
  status = 403;
  assert.is((await deliver(queue, receiver(), () => true)).why, 'HTTP 403');
  assert.is(got.length, 1);
  status = 302;
  assert.is((await deliver(queue, receiver(), () => true)).left, 1);
  const nobody = { address: 'http://127.40.0.9:9/token-abc' };
  const { why, left } = await deliver(queue, receiver(nobody), () => true);
  assert.is(left, 1);
  assert.not.match(why ?? '', /token/u);
  assert.not.match(readFileSync(join(queue, `${message('d').id}.json`), 'utf8'), /\/hook|whsec/u);
});

test('a message that the receiver will never take is put aside, and holds up no other', async () => {
  const queue = join(out, 'aside');
  await enqueue(queue, [message('f'), message('a', '2026-12-02')]);
  status = 422;
  const aside = [message('f'), message('a')].map(({ id }) => `refused-${id}.json`);
  assert.equal(await deliver(queue, receiver(), () => true), { sent: 0, left: 0, aside });
  assert.is(got.length, 2);
  assert.equal(readdirSync(queue).sort(), [...aside].sort());
  assert.equal(await deliver(queue, receiver(), () => true), { sent: 0, left: 0, aside: [] });
});

test('a message of a night that was never committed is not sent', async () => {
  const queue = join(out, 'uncommitted');
  await enqueue(queue, [message('e')]);
  assert.equal(await deliver(queue, receiver(), () => false), { sent: 0, left: 0, aside: [] });
  assert.is(got.length, 0);
  assert.equal(readdirSync(queue), []);
});

test('only https leaves this machine', async () => {
  const plain = receiver({ address: 'http://example.com/hook' });
  await rejects(
    deliver(join(out, 'none'), plain, () => true),
    'USAGE',
  );
});

test.run();
