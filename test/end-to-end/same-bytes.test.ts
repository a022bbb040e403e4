import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse, stringify } from 'yaml';
import { run, spawn } from '../../runners/process.ts';
import { build } from './command-line.ts';
import { nodeBinary } from './node-versions.ts';

const test = suite('the same evidence gives the same bytes');

const root = fileURLToPath(new URL('../../', import.meta.url));
const MAJORS = [20, 22, 24];
const NODES = 6;
/** Where letters and days are others; "I" is not the capital of "i" in Turkish. */
const ELSEWHERE = { LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', TZ: 'Pacific/Kiritimati' };

const folder = mkdtempSync(join(tmpdir(), 'assay-same-'));
test.before(build);
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** A small lot with a slow node, one that is slow now and then, a hot one, one whose digest differs. */
function plan(name: string, fleet: object = {}, nodes = NODES): string {
  const text = readFileSync(join(root, 'fixtures/plans/sim-64-one-slow.yaml'), 'utf8');
  const told = parse(text) as { delivery: { count: number }; fleet: object };
  told.delivery.count = nodes;
  const faults = [
    { kind: 'slow', nodes: ['n0003'], by: '14 %', metric: 'matmul.gemm' },
    { kind: 'slow', nodes: ['n0005'], by: '9 %', metric: 'matmul.memory', rate: '50 %' },
    { kind: 'flipped-digest', nodes: ['n0001'], accelerator: 3 },
    { kind: 'thermal', nodes: ['n0006'], by: '12 %' },
  ];
  told.fleet = { ...told.fleet, nodes, faults, ...fleet };
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(told));
  return file;
}

async function assay(words: readonly string[], node = process.execPath, environment = {}) {
  const ran = await run([node, join(root, 'bin/assay.js'), ...words], { limit: 240, environment });
  assert.is(ran.ended, 'exited');
  return { code: ran.ended === 'exited' ? ran.code : -1, stderr: ran.stderr.toString('utf8') };
}

/** Runs the plan; the run directory. */
async function accept(file: string, out: string, node?: string, environment = {}): Promise<string> {
  const words = ['accept', file, '--seed', '7', '--out', join(folder, out)];
  const { code, stderr } = await assay(words, node, environment);
  assert.is(code, 1, stderr);
  return only(join(folder, out));
}

function only(path: string): string {
  const names = readdirSync(path);
  assert.is(names.length, 1, names.join());
  return join(path, names[0] as string);
}

const verdict = (path: string) => readFileSync(join(path, 'verdict.json'), 'utf8');

/** Judges a run again; the folder that it was written into. */
async function judgeAgain(
  path: string,
  node?: string,
  environment = {},
  expected = 1,
): Promise<string> {
  const before = new Set(later(path));
  const { code, stderr } = await assay(['judge', path], node, environment);
  assert.is(code, expected, stderr);
  const [made] = later(path).filter((name) => !before.has(name));
  return join(path, 'later', made as string);
}

function later(path: string): string[] {
  return readdirSync(path).includes('later') ? readdirSync(join(path, 'later')) : [];
}

let first = '';

test('a run in another locale and time zone', async () => {
  first = await accept(plan('first'), 'first');
  const elsewhere = await accept(plan('elsewhere'), 'elsewhere', undefined, ELSEWHERE);
  assert.is(verdict(elsewhere), verdict(first));
  const again = await judgeAgain(first, undefined, ELSEWHERE);
  assert.is(verdict(again), verdict(first));
});

for (const major of MAJORS) {
  const node = await nodeBinary(major);
  if ('missing' in node) {
    test.skip(`on Node.js ${major}: ${node.missing}`, () => undefined);
    continue;
  }
  test(`on Node.js ${major}: run, judged again, verified`, async () => {
    if (node.path !== process.execPath) {
      const own = await accept(plan(`node${major}`), `node${major}`, node.path);
      assert.is(verdict(own), verdict(first));
    }
    const again = await judgeAgain(first, node.path);
    assert.is(verdict(again), verdict(first));
    const verified = await assay(['verify', first], node.path);
    assert.is(verified.code, 0, verified.stderr);
  });
}

test('trials that end in another order within a round', async () => {
  const other = await accept(plan('one-by-one', { 'at-once': 1 }), 'one-by-one');
  assert.is(verdict(other), verdict(first));
  assert.not.equal(endedIn(other), endedIn(first));
});

function endedIn(path: string): readonly string[] {
  return readFileSync(join(path, 'journal.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"event":"attempt-end"'))
    .map((line) => (JSON.parse(line) as { attempt: string }).attempt);
}

test('a run that was killed and resumed, judged and verified again', async () => {
  const out = join(folder, 'killed');
  const words = [
    'accept',
    plan('killed', { faults: [{ kind: 'flapping', nodes: ['n0007'], rate: '20 %' }] }, 12),
    '--seed',
    '7',
    '--out',
    out,
  ];
  const running = spawn([process.execPath, join(root, 'bin/assay.js'), ...words], { limit: 240 });
  running.stdout.resume();
  running.stderr.resume();
  while (!endsIn(out, 60)) await pause(10);
  if (running.pid === undefined) throw new Error('it did not start');
  process.kill(running.pid, 'SIGKILL');
  await running.end;
  const path = only(out);
  const { code, stderr } = await assay(['resume', path]);
  assert.ok(code === 0 || code === 3, stderr);
  const again = await judgeAgain(path, undefined, ELSEWHERE, code);
  assert.is(verdict(again), verdict(path));
  const verified = await assay(['verify', path]);
  assert.is(verified.code, 0, verified.stderr);
});

/** Whether so many attempts of the run below have ended. */
function endsIn(out: string, count: number): boolean {
  try {
    return endedIn(only(out)).length >= count;
  } catch {
    // The run has not begun, or its last line is torn.
    return false;
  }
}

test.run();
