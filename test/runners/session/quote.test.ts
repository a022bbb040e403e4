import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../../plan/random.ts';
import { run } from '../../../runners/process.ts';
import { commandLine, quote } from '../../../runners/session/quote.ts';

const test = suite('quote');

const PIECES = [
  ...Array.from(' \t\n\r\'"\\$`!*?[]{}()<>|&;#~%=^-+,.:/@'),
  'a',
  'Z',
  '0',
  'é',
  '漢',
  '\u{1f600}',
  '\u0001',
  '\u001b[31m',
  '$(touch x)',
  '${HOME}',
  '%s',
  "'\\''",
  '--',
];

test('any arguments come back from a real sh as they were', async () => {
  const random = stream(7, 'quote');
  const words = Array.from({ length: 400 }, () =>
    Array.from(
      { length: Math.floor(random() * 12) },
      () => PIECES[Math.floor(random() * PIECES.length)],
    ).join(''),
  );
  for (const shell of ['sh', 'bash']) {
    const line = commandLine(['printf', String.raw`%s\0`, ...words]);
    const result = await run([shell, '-c', line], { limit: 20 });
    assert.equal(result.ended, 'exited');
    assert.equal(result.stdout.toString('utf8'), words.map((word) => `${word}\0`).join(''));
  }
});

test('a first word with an equals sign is a program, not an assignment', async () => {
  const result = await run(['sh', '-c', commandLine(['A=b'])], { limit: 20 });
  assert.equal(result.ended === 'exited' && result.code, 127);
});

test('a NUL byte is refused, for no shell can carry it', () => {
  assert.throws(() => quote('a\0b'), /NUL/u);
});

test('plain words stay readable', () => {
  assert.is(commandLine(['python3', '-c', 'a b', '']), "python3 -c 'a b' ''");
});

test.run();
