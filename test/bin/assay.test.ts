import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('the stub that starts everything');

const stub = fileURLToPath(new URL('../../bin/assay.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'assay-stub-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** The stub beside a `main.js` of these words; undefined: beside none. */
function start(main: string | undefined) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'bin'), { recursive: true });
  cpSync(stub, join(folder, 'bin/assay.js'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  if (main !== undefined) {
    mkdirSync(join(folder, 'dist/bin'), { recursive: true });
    writeFileSync(join(folder, 'dist/bin/main.js'), main);
  }
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'bin/assay.js'), 'x'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stderr };
}

test('without a build it ends in 70 and says what to do', () => {
  const { status, stderr } = start(undefined);
  assert.is(status, 70);
  assert.match(stderr, /npm install/u);
});

test('what a command gives is the exit status', () => {
  for (const code of [0, 1, 2, 3, 4, 130, 143]) {
    assert.is(start(`export const run = async () => ${code};`).status, code);
  }
});

const BUGS: readonly (readonly [what: string, main: string])[] = [
  ['a thrown error', 'export const run = async () => { throw new Error("boom"); };'],
  ['something thrown that is no error', 'export const run = async () => { throw "boom"; };'],
  [
    'an error nobody waits for',
    'export const run = () => { setTimeout(() => { throw new Error("boom"); }); return new Promise(() => setTimeout(() => {}, 1e6)); };',
  ],
  [
    'a rejection nobody handles',
    'export const run = () => { Promise.reject(new Error("boom")); return new Promise(() => setTimeout(() => {}, 1e6)); };',
  ],
  [
    'an end of the event loop before the command',
    'export const run = () => new Promise(() => {});',
  ],
  ['a stray exit', 'export const run = async () => process.exit(1);'],
  ['a stray exit that says accept', 'export const run = async () => process.exit(0);'],
  ['a module that is missing', 'import "./gone.js"; export const run = async () => 0;'],
  ['a syntax error', 'export const run = async () => {'],
  ['no command at all', 'export const walk = async () => 0;'],
];
for (const [what, main] of BUGS) {
  test(`${what} is a bug of ours, never a verdict`, () => {
    assert.is(start(main).status, 70);
  });
}

test('an uncaught error is shown with its place', () => {
  const { stderr } = start('export const run = async () => { throw new Error("boom"); };');
  assert.match(stderr, /a bug in the harness, not a verdict:\nError: boom\n\s+at run/u);
});

test.run();
