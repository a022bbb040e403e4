import { PassThrough } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { relayOver } from '../../../runners/session/relay.ts';
import type { ChannelEnd } from '../../../runners/session/shell.ts';

const test = suite('relay');

function fake(end: ChannelEnd = { code: 0 }) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const channel = { stdin, stdout, stderr, end: Promise.resolve(end), close: () => undefined };
  return { channel, stdin, stdout, stderr };
}

function frame(id: number, bytes: Buffer | string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(id, 0);
  head.writeUInt32BE(Buffer.byteLength(bytes), 4);
  return Buffer.concat([head, Buffer.from(bytes)]);
}

const MARKER = '\0assay-frames-1\n';

async function all(bytes: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const one of bytes) text += one.toString('latin1');
  return text;
}

test('lines are told apart, whatever the cuts and the noise before the greeting', async () => {
  const { channel, stdout } = fake();
  const relay = relayOver(channel);
  const [one, two] = [relay.open(), relay.open()];
  const text = Buffer.concat([
    Buffer.from(`Welcome to node 17\n${MARKER}`),
    frame(1, 'ab'),
    frame(2, 'xy'),
    frame(1, 'c'),
    frame(1, ''),
    frame(2, ''),
  ]);
  const heard = Promise.all([all(one.bytes), all(two.bytes)]);
  for (const byte of text) stdout.write(Buffer.from([byte]));
  assert.equal(await heard, ['abc', 'xy']);
});

test('a broken connection ends every line', async () => {
  const { channel, stdout } = fake({ lost: 'gone' });
  const relay = relayOver(channel);
  const line = relay.open();
  stdout.end(Buffer.concat([Buffer.from(MARKER), frame(1, 'half')]));
  assert.is(await all(line.bytes), 'half');
  assert.equal(await relay.end, {});
  assert.ok(relay.ended);
  assert.is(await all(relay.open().bytes), '');
});

test('a relay that never speaks says why', async () => {
  const { channel, stdout, stderr } = fake({ code: 127 });
  stderr.end('python3: not found\n');
  stdout.end('motd\n');
  assert.equal((await relayOver(channel).end).failed, 'exit 127: python3: not found');
});

test('a slow reader stops the reading from the node', async () => {
  const { channel, stdout } = fake();
  const relay = relayOver(channel);
  const line = relay.open();
  stdout.write(MARKER);
  let sent = 0;
  for (; sent < 400; sent += 1) {
    if (!stdout.write(frame(1, Buffer.alloc(16 * 1024)))) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(sent < 100, `${sent} frames were taken without a reader`);
  line.end();
  stdout.end();
  await relay.end;
});

test.run();
