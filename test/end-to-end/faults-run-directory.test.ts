import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Workplace } from './command-line.ts';
import { quickPlan } from './quick-plan.ts';

const test = suite('run directories that are damaged');

const at = new Workplace();
test.after(() => at.remove());

let sealed = '';
let cut = '';
test.before(async () => {
  at.write('plan.yaml', quickPlan({ runner: 'local' }));
  const whole = await at.run('accept', 'plan.yaml', '--out', 'whole');
  assert.is(whole.code, 0, whole.text);
  sealed = at.runs('whole')[0] ?? '';
  const command = at.start(['accept', 'plan.yaml', '--out', 'cut']);
  await command.saw(/round 1: \d/u);
  await pause(200);
  command.child.kill('SIGKILL');
  await command.ended;
  cut = at.runs('cut')[0] ?? '';
});

type Damage = (path: string) => void;
const half: Damage = (path) => truncateSync(path, Math.floor(statSync(path).size / 2));
const empty: Damage = (path) => truncateSync(path, 0);
const gone: Damage = (path) => rmSync(path);
const replace =
  (from: string | RegExp, to: string): Damage =>
  (path) => {
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(from, to);
    assert.is.not(changed, text, `${String(from)} in ${path}`);
    writeFileSync(path, changed);
  };
const newer = replace(/assay\/([a-z]+)\/1/u, 'assay/$1/9');

/** What is damaged, how, and the commands that need it: each ends in 4 and names the file. */
const SEALED: readonly (readonly [
  file: string,
  how: string,
  damage: Damage,
  commands: readonly string[],
])[] = [
  ['plan.json', 'truncated', half, ['verify', 'report', 'judge']],
  ['plan.json', 'empty', empty, ['verify', 'report', 'judge']],
  ['plan.json', 'missing', gone, ['verify', 'report', 'judge']],
  ['plan.json', 'of a newer version', newer, ['verify', 'report', 'judge']],
  ['plan.json', 'about an unknown suite', replace('"inference"', '"gone"'), ['verify', 'judge']],
  ['fleet.json', 'truncated', half, ['verify', 'report']],
  ['fleet.json', 'of a newer version', newer, ['verify', 'report']],
  ['verdict.json', 'truncated', half, ['verify', 'report']],
  ['private.json', 'truncated', half, ['verify', 'report', 'judge']],
  ['manifest.json', 'truncated', half, ['verify', 'report', 'judge']],
  ['journal.ndjson', 'cut in a line', half, ['verify', 'judge']],
  ['journal.ndjson', 'broken in a line', replace('"round"', '"rou'), ['verify', 'judge', 'report']],
  ['journal.ndjson', 'missing', gone, ['verify', 'judge', 'report']],
  ['samples.parquet', 'truncated', half, ['verify', 'report']],
  ['samples.parquet', 'missing', gone, ['verify', 'report']],
  ['findings.parquet', 'truncated', half, ['verify', 'report']],
  ['evidence/index.ndjson', 'cut in a line', half, ['verify', 'judge']],
  ['evidence/000001.seg', 'truncated', half, ['verify', 'judge']],
];
for (const [file, how, damage, commands] of SEALED) {
  test(`${file} ${how} is named by ${commands.join(', ')}`, async () => {
    const copy = at.path('copy');
    rmSync(copy, { recursive: true, force: true });
    cpSync(sealed, copy, { recursive: true });
    damage(join(copy, file));
    for (const command of commands) {
      const { code, stderr, text } = await at.ask(command, copy);
      assert.is(code, 4, `${command}: ${text}`);
      const name = file.startsWith('evidence/') ? /evidence|\.seg|index/u : new RegExp(file, 'u');
      assert.match(stderr, name, command);
      assert.not.match(text, /bug in the harness/u);
    }
  });
}

test('a sealed run is not resumed', async () => {
  const { code, text } = await at.ask('resume', sealed);
  assert.is(code, 4, text);
  assert.match(text, /sealed/u);
});

test('a folder that is no run, and none at all, are named', async () => {
  for (const command of ['verify', 'report', 'judge', 'resume']) {
    for (const path of [at.folder, at.path('nowhere'), at.path('plan.yaml')]) {
      const { code, text } = await at.ask(command, path);
      assert.is(code, 4, `${command} ${path}: ${text}`);
      assert.match(text, /plan\.json|not a run directory/u);
    }
  }
});

const CUT: readonly (readonly [file: string, how: string, damage: Damage, code: number])[] = [
  ['plan.json', 'truncated', half, 4],
  ['plan.json', 'of a newer version', newer, 4],
  ['journal.ndjson', 'broken before its last line', replace('"round"', '"rou'), 4],
  // A write that a crash cut off is expected: what was whole before it counts.
  [
    'journal.ndjson',
    'torn in its last line',
    (path) => writeFileSync(path, '{"seq":', { flag: 'a' }),
    0,
  ],
  [
    'evidence/index.ndjson',
    'torn in its last line',
    (path) => writeFileSync(path, '{"key":', { flag: 'a' }),
    0,
  ],
];
for (const [file, how, damage, expected] of CUT) {
  test(`an interrupted run whose ${file} is ${how} ends in ${expected}`, async () => {
    const copy = at.path('copy');
    rmSync(copy, { recursive: true, force: true });
    cpSync(cut, copy, { recursive: true });
    damage(join(copy, file));
    // The killed process's lock is taken over; what was measured is as it was.
    const names = () =>
      readdirSync(copy)
        .filter((name) => name !== '.lock')
        .sort();
    const before = names();
    const resume = expected === 4 ? at.ask('resume', copy) : at.run('resume', copy);
    const { code, text } = await resume;
    assert.is(code, expected, text);
    if (expected !== 4) return;
    assert.match(text, new RegExp(file, 'u'));
    assert.equal(names(), before);
  });
}

test('what an interrupted run has can be asked for', async () => {
  for (const command of ['verify', 'report', 'judge']) {
    const { code, text } = await at.ask(command, cut);
    assert.is(code, 4, `${command}: ${text}`);
    assert.not.match(text, /bug in the harness/u);
  }
});

test.run();
