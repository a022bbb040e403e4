import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { directConnector } from '../../../../suites/inference/load/connector.ts';

/** A connection to a server of our own, and the server's end of it. */
async function pair() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const { port } = server.address() as AddressInfo;
  const near = await new Promise<Socket>((resolve, reject) => {
    const to = { hostname: '127.0.0.1', protocol: 'http:', port: String(port) };
    directConnector(5000)(to, (...[error, socket]) =>
      error === null ? resolve(socket) : reject(error),
    );
  });
  const [far] = (await accepted) as [Socket];
  server.close();
  return { near, far };
}

test('bytes are there to be read at once, whole and in order, and the end after them', async () => {
  const { near, far } = await pair();
  let text = '';
  const ended = once(near, 'end');
  near.on('readable', () => {
    for (let bytes = near.read() as Buffer | null; bytes !== null; bytes = near.read() as Buffer) {
      text += bytes.toString();
    }
  });
  for (const word of ['one ', 'two ', 'three']) {
    far.write(word);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  far.end(' end');
  await ended;
  assert.is(text, 'one two three end');
  near.destroy();
});

test('what is not read at once is queued, and nothing overtakes it', async () => {
  const { near, far } = await pair();
  far.write('one ');
  await new Promise((resolve) => setTimeout(resolve, 20));
  far.write('two');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(String(near.read()), 'one two');
  assert.is(near.read(), null);
  far.destroy();
  near.destroy();
});

test('nobody listens: the error, and no socket', async () => {
  const error = await new Promise<Error | null>((resolve) => {
    const to = { hostname: '127.0.0.1', protocol: 'http:', port: '9' };
    directConnector(5000)(to, (...[refused]) => resolve(refused));
  });
  assert.match(String(error), /ECONNREFUSED/u);
});

test.run();
