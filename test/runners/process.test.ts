import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run, spawn } from '../../runners/process.ts';

const test = suite('process');

test('a program gets its arguments and input as they are, and gives its output and code', async () => {
  const result = await run(['sh', '-c', 'cat; printf %s "$1" >&2; exit 3', 'x', '$HOME "a'], {
    limit: 10,
    input: 'in\0put\n',
  });
  assert.is(result.ended === 'exited' && result.code, 3);
  assert.is(result.stdout.toString(), 'in\0put\n');
  assert.is(result.stderr.toString(), '$HOME "a');
});

test('each way to end is told apart', async () => {
  const stop = AbortSignal.timeout(100);
  const [late, aborted, killed, missing, loud] = await Promise.all([
    run(['sleep', '20'], { limit: 0.1 }),
    run(['sleep', '20'], { limit: 10, signal: stop }),
    run(['sh', '-c', 'kill -9 $$'], { limit: 10 }),
    run(['no-such-program'], { limit: 10 }),
    run(['head', '-c', '100000', '/dev/zero'], { limit: 10, most: 1000 }),
  ]);
  assert.is(late.ended, 'timed-out');
  assert.is(aborted.ended, 'aborted');
  assert.is(killed.ended === 'signalled' && killed.signal, 'SIGKILL');
  assert.is(missing.ended === 'not-started' && missing.code, 'ENOENT');
  assert.is(loud.ended, 'over-limit');
  assert.is(loud.stdout.length, 1000);
});

test('the environment can be all that is given', async () => {
  const environment = { ONLY: 'this', PATH: '/usr/bin:/bin' };
  const result = await run(['env'], { limit: 10, environment, environmentOnly: true });
  assert.is(
    result.stdout.toString().split('\n').sort().join(' ').trim(),
    'ONLY=this PATH=/usr/bin:/bin',
  );
});

test('a stream waits for its reader', async () => {
  const running = spawn(['head', '-c', '3000000', '/dev/zero']);
  running.stderr.resume();
  let bytes = 0;
  for await (const chunk of running.stdout as AsyncIterable<Buffer>) bytes += chunk.length;
  assert.is(bytes, 3_000_000);
  assert.equal(await running.end, { ended: 'exited', code: 0 });
});

test.run();
