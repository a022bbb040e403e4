import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { accept } from '../../campaign/accept.ts';
import { canonicalFile } from '../../campaign/directory/canonical.ts';
import { writeLater } from '../../campaign/directory/later.ts';
import { writeManifest } from '../../campaign/directory/manifest.ts';
import type { Manifest } from '../../campaign/directory/model.ts';
import { ParquetSink, readParquet } from '../../campaign/directory/parquet.ts';
import { sampleTable } from '../../campaign/directory/tables.ts';
import { verifyRun } from '../../campaign/verify.ts';
import { stream } from '../../plan/random.ts';
import { FakeFleet, fakeRunner } from './fake-fleet.ts';
import { fakeCompanion, fakeJudge, fakePlan, fakeSuite, fakeUnits } from './fake-suite.ts';

const test = suite('verify');

const units = fakeUnits(fakeSuite(), fakeCompanion);
const setup = { createJudge: fakeJudge(), revive: async () => units };
const out = mkdtempSync(join(tmpdir(), 'assay-test-'));
let run = '';

function copy(name: string): string {
  const path = join(out, name);
  cpSync(run, path, { recursive: true });
  return path;
}

async function problems(path: string): Promise<string[]> {
  const { problems: found } = await verifyRun(path, setup);
  return found.map(({ file, what }) => `${file}: ${what}`);
}

test.before(async () => {
  const fleet = new FakeFleet({
    count: 4,
    process(step, node) {
      if (step.suite === 'inventory') return { output: `machine=${node}\n` };
      if (step.suite === 'companion') return { output: 'heat=50\nheat=60\n' };
      return { output: `note\nvalue=${node === 'n0003' ? 90 : 123.456}\n`, stderr: 'log\n' };
    },
  });
  const result = await accept(fakePlan(), {
    runner: fakeRunner(fleet),
    units,
    createJudge: fakeJudge(),
    version: '0.0.0-test',
    signal: new AbortController().signal,
    out,
    report: async ({ path }) => writeFileSync(join(path, 'report.html'), '<p>hello</p>\n'),
  });
  run = result.path;
});

test('a run that nobody touched has no problems', async () => {
  assert.equal(await problems(run), []);
});

test('failed attempts among measured ones: the tables of the run have the order of its journal', async () => {
  const tries = new Map<string, number>();
  const fleet = new FakeFleet({
    count: 24,
    process(step, node) {
      if (step.suite === 'inventory') return { output: `machine=${node}\n` };
      if (step.suite === 'companion') return { output: 'heat=50\n' };
      const key = `${step.case} ${node}`;
      const before = tries.get(key) ?? 0;
      tries.set(key, before + 1);
      const fails = Number(node.slice(1)) % 3 === 0 && before === 0;
      return {
        output: fails ? 'value=120\nfault=harness OWN_FAULT\n' : 'value=130\n',
        delay: Number(node.slice(1)) % 5,
      };
    },
  });
  const { path } = await accept(fakePlan(), {
    runner: fakeRunner(fleet),
    units,
    createJudge: fakeJudge(),
    version: '0.0.0-test',
    signal: new AbortController().signal,
    out,
  });
  const journal = readFileSync(join(path, 'journal.ndjson'), 'utf8');
  assert.ok(journal.split('OWN_FAULT').length > 16, 'attempts failed');
  assert.equal(await problems(path), []);
});

test('each of 26 flipped bytes is seen and its file is named', async () => {
  const files = readdirSync(run, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(run, file)).isFile())
    .sort();
  assert.is(files.length, 12 + 1);
  const random = stream(1, 'flips');
  for (let flip = 0; flip < 26; flip += 1) {
    const file = files[flip % files.length] ?? '';
    const path = copy(`flip-${flip}`);
    const bytes = readFileSync(join(path, file));
    const at = Math.floor(random() * bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
    writeFileSync(join(path, file), bytes);
    let found: string[];
    try {
      found = await problems(path);
    } catch (error) {
      found = [String(error)];
    }
    assert.ok(
      found.some((one) => one.includes(file)),
      `${file} at ${at}: ${found.slice(0, 3).join(' | ')}`,
    );
  }
});

test('a missing and an extra file are named', async () => {
  const path = copy('files');
  rmSync(join(path, 'report.html'));
  rmSync(join(path, 'private.json'));
  writeFileSync(join(path, 'evidence', '000099.seg'), 'x');
  assert.equal(await problems(path), [
    'private.json: is missing',
    'report.html: is missing',
    'evidence/000099.seg: is not in the manifest',
  ]);
});

test('a link of later/ that is missing, moved or of no number is named', async () => {
  const path = copy('chain');
  const about = { kind: 'report', version: '0.0.0-test', at: new Date(0) };
  for (let n = 1; n <= 3; n += 1) {
    await writeLater(path, about, async (into) => writeFileSync(join(into, 'a.txt'), String(n)));
  }
  assert.equal(await problems(path), []);
  cpSync(path, `${path}-moved`, { recursive: true });
  rmSync(join(path, 'later/2'), { recursive: true });
  writeFileSync(join(path, 'later/x'), '');
  assert.equal(await problems(path), [
    'later/x: is no part of the run',
    'later/2/manifest.json: is missing, and later ones are there: the chain is cut',
    'later/3/manifest.json: does not follow on what is before it: the chain is cut',
  ]);
  rmSync(join(`${path}-moved`, 'later/2'), { recursive: true });
  renameSync(join(`${path}-moved`, 'later/3'), join(`${path}-moved`, 'later/2'));
  assert.equal(await problems(`${path}-moved`), [
    'later/2/manifest.json: does not follow on what is before it: the chain is cut',
  ]);
});

test('a report that was edited and hashed again is not what the run renders to', async () => {
  const path = copy('edited');
  writeFileSync(join(path, 'report.html'), '<p>hullo</p>\n');
  const {
    run: id,
    sealedAt,
    version,
  } = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest;
  await writeManifest(path, { run: id, sealedAt, version });
  const render = async (of: { id: string }, into: string) => {
    assert.is(of.id, id);
    writeFileSync(join(into, 'report.html'), '<p>hello</p>\n');
    return ['report.html'];
  };
  const again = await verifyRun(path, { ...setup, reports: { version, render } });
  assert.equal(again.problems, [
    { file: 'report.html', what: 'is not what this run renders to: they part at byte 4' },
  ]);
  const other = await verifyRun(path, { ...setup, reports: { version: '9', render } });
  assert.equal(other.problems, []);
  assert.match(other.notes.join(), /rendered by assay 0\.0\.0-test/u);
});

test('a run whose samples, verdict, hand-back list and manifest were all rewritten is still named', async () => {
  const path = copy('forged');
  const rows = [];
  for await (const row of readParquet(join(path, 'samples.parquet'), sampleTable)) rows.push(row);
  const sink = await ParquetSink.open(join(path, 'samples.parquet'), sampleTable);
  for (const row of rows) await sink.write(row.value === 90 ? { ...row, value: 120 } : row);
  await sink.close();
  const verdict = JSON.parse(readFileSync(join(path, 'verdict.json'), 'utf8')) as {
    lot: { verdict: string };
  };
  verdict.lot.verdict = 'accept';
  writeFileSync(join(path, 'verdict.json'), canonicalFile(verdict, 12));
  const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest;
  const { files: _files, schema: _schema, ...about } = manifest;
  await writeManifest(path, about);
  const found = await problems(path);
  assert.ok(
    found.some((one) =>
      /^samples\.parquet: row \d+ .*n0003.*value: the file has 120, the evidence gives 90$/u.test(
        one,
      ),
    ),
    found.join('\n'),
  );
  assert.ok(
    found.includes('verdict.json: lot.verdict: the file has "accept", the evidence gives "reject"'),
    found.join('\n'),
  );
});

test('what is written later has its own manifest, and a change in it is named', async () => {
  const path = copy('later');
  const about = { kind: 'report', version: '0.0.0-test', at: new Date(0) };
  const folder = await writeLater(path, about, async (to) =>
    writeFileSync(join(to, 'report.html'), 'new'),
  );
  assert.ok(folder.endsWith('/later/1'));
  assert.equal(await problems(path), []);
  writeFileSync(join(folder, 'report.html'), 'old');
  assert.equal(await problems(path), [
    'later/1/report.html: has another SHA-256 than manifest.json says',
  ]);
});

test.run();
