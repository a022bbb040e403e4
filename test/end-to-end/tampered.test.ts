/** A sealed run of the real command line, signed, then touched in every way: verify names it, exit 4. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canonicalFile } from '../../campaign/directory/canonical.ts';
import { writeManifest } from '../../campaign/directory/manifest.ts';
import type { Manifest } from '../../campaign/directory/model.ts';
import { verified } from '../../bin/verification.ts';
import { HarnessError } from '../../plan/errors.ts';
import { stream } from '../../plan/random.ts';
import { Workplace } from './command-line.ts';

const test = suite('tampered runs');
const place = new Workplace();
test.after(() => place.remove());

const FLIPS = 50;
const KEYGEN = 'ssh-keygen';
const PLAN = {
  assay: 1,
  seed: 61,
  delivery: { reference: 'tampered', provider: 'own', sku: 'h200-sxm', count: 3 },
  fleet: {
    runner: 'sim',
    nodes: 3,
    truth: { between: '0.5 %', within: '1 %' },
    values: [
      { metric: 'matmul.gemm.throughput', where: { mode: 'sustained' }, value: '760 TFLOP/s' },
    ],
    faults: [{ kind: 'slow', nodes: ['n0002'], by: '15 %' }],
  },
  suites: { matmul: { dtypes: ['bf16'], shapes: [8192] } },
  criteria: [
    {
      id: 'bf16-sustained',
      clause: 'Annex B 3.2',
      metric: 'matmul.gemm.throughput',
      where: { dtype: 'bf16', shape: 8192, mode: 'sustained', devices: 'all' },
      per: 'accelerator',
      'at-least': '700 TFLOP/s',
      nominal: '740 TFLOP/s',
      source: 'Annex B',
    },
  ],
};
let run = '';
let signers = '';

function keygen(name: string): string {
  const path = place.path(name);
  const made = spawnSync(KEYGEN, ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
  assert.is(made.status, 0, String(made.stderr));
  return path;
}

const publicKey = (path: string) =>
  readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');

test.before(async () => {
  const { code, text } = await place.run('accept', place.write('plan.yaml', PLAN));
  assert.is(code, 1, text);
  [run = ''] = place.runs();
  const [buyer, provider] = [keygen('buyer@example.com'), keygen('provider@example.com')];
  for (const key of [buyer, provider]) {
    const signed = await place.run('sign', run, '--key', key);
    assert.is(signed.code, 0, signed.text);
  }
  signers = place.write(
    'allowed_signers',
    [buyer, provider]
      .map((key) => `${key.slice(place.folder.length + 1)} ${publicKey(key)}\n`)
      .join(''),
  );
});

let copies = 0;
function copy(): string {
  const path = place.path(`copy-${(copies += 1)}`);
  cpSync(run, path, { recursive: true });
  return path;
}

/** What verify says, a line a problem. */
async function problems(path: string): Promise<string> {
  try {
    const { problems: found } = await verified(path, { now: new Date(), allowed: signers });
    return found.map(({ file, what }) => `${file}: ${what}`).join('\n');
  } catch (error) {
    // The plan itself can't be read: that is how it is named.
    if (!(error instanceof HarnessError) || error.exitCode !== 4) throw error;
    return error.message;
  }
}

function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(path, name)).isFile() && !name.startsWith('signatures/'))
    .sort();
}

function hashAgain(path: string): Promise<Manifest> {
  const {
    run: id,
    sealedAt,
    version,
  } = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest;
  return writeManifest(path, { run: id, sealedAt, version });
}

test('the run as it was sealed verifies, with both signers', async () => {
  const { code, text } = await place.run('verify', run, '--signers', signers);
  assert.is(code, 0, text);
  assert.match(text, /signature of buyer@example\.com: valid/u);
  assert.match(text, /signature of provider@example\.com: valid/u);
});

test(`a byte flipped at ${FLIPS} places, each file at least once, is named every time`, async () => {
  const files = filesOf(run);
  assert.ok(files.length >= 15 && files.length <= FLIPS, files.join());
  const random = stream(6, 'flips');
  for (let flip = 0; flip < FLIPS; flip += 1) {
    const file = files[flip % files.length] ?? '';
    const path = copy();
    const bytes = readFileSync(join(path, file));
    const at = Math.floor(random() * bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
    writeFileSync(join(path, file), bytes);
    const found = await problems(path);
    assert.ok(found.includes(file), `${file} at ${at}: ${found.slice(0, 300)}`);
    rmSync(path, { recursive: true });
  }
});

test('a flipped byte ends the command in 4', async () => {
  const path = copy();
  writeFileSync(join(path, 'rejected.csv'), 'x');
  const { code, text } = await place.run('verify', path);
  assert.is(code, 4);
  assert.match(text, /rejected\.csv: /u);
});

test('each file removed, and one added in each folder, is named', async () => {
  for (const file of filesOf(run).filter((name) => name !== 'plan.json')) {
    const path = copy();
    rmSync(join(path, file));
    assert.ok((await problems(path)).includes(file), file);
    rmSync(path, { recursive: true });
  }
  const path = copy();
  for (const file of ['added', 'evidence/added', 'signatures/added', 'later']) {
    writeFileSync(join(path, file), '');
  }
  const bare = copy();
  rmSync(join(bare, 'signatures'), { recursive: true });
  writeFileSync(join(bare, 'signatures'), '');
  assert.match(await problems(bare), /^signatures: is a file/mu);
  const found = await problems(path);
  for (const file of ['added', 'evidence/added', 'signatures/added', 'later']) {
    assert.match(found, new RegExp(`^${file}`, 'mu'));
  }
});

test('a verdict that was edited and hashed again is named, and so are the signatures', async () => {
  const path = copy();
  const file = join(path, 'verdict.json');
  const verdict = JSON.parse(readFileSync(file, 'utf8')) as { lot: { verdict: string } };
  verdict.lot.verdict = 'accept';
  writeFileSync(file, canonicalFile(verdict, 12));
  await hashAgain(path);
  const found = await problems(path);
  assert.match(found, /verdict\.json: .*accept/u);
  assert.match(found, /signatures\/buyer@example\.com\.sig: is no signature over this manifest/u);
});

for (const file of ['report.html', 'junit.xml', 'summary.md']) {
  test(`${file} edited and hashed again, unsigned, is rendered again and named`, async () => {
    const path = copy();
    rmSync(join(path, 'signatures'), { recursive: true });
    const text = readFileSync(join(path, file), 'utf8');
    writeFileSync(join(path, file), text.replace(/tampered/u, 'tempered'));
    await hashAgain(path);
    const { problems: found } = await verified(path, { now: new Date() });
    assert.match(
      found.map((one) => `${one.file}: ${one.what}`).join(),
      new RegExp(`^${file}: is not what`, 'u'),
    );
  });
}

test('two pieces of evidence that changed places are named', async () => {
  const path = copy();
  const index = join(path, 'evidence/index.ndjson');
  const lines = readFileSync(index, 'utf8')
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one) as { blocks: unknown });
  const own = lines.filter((_, at) => at % 7 === 3).slice(0, 2);
  const [one, other] = own;
  assert.ok(one && other);
  [one.blocks, other.blocks] = [other.blocks, one.blocks];
  writeFileSync(index, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await hashAgain(path);
  rmSync(join(path, 'signatures'), { recursive: true });
  const { problems: found } = await verified(path, { now: new Date() });
  assert.match(found.map(({ what }) => what).join('\n'), /not those that were measured/u);
});

test('two segment files that changed names are named', async () => {
  const path = copy();
  const [first, second] = ['000001', '000002'].map((name) => join(path, 'evidence', `${name}.seg`));
  cpSync(join(path, 'samples.parquet'), second ?? '');
  await hashAgain(path);
  renameSync(first ?? '', `${first}.x`);
  renameSync(second ?? '', first ?? '');
  renameSync(`${first}.x`, second ?? '');
  const found = await problems(path);
  for (const name of ['000001', '000002'])
    assert.match(found, new RegExp(`^evidence/${name}\\.seg: `, 'mu'));
});

test('a later report is covered, and a chain that was cut is named', async () => {
  const path = copy();
  for (let n = 0; n < 3; n += 1) {
    assert.is((await place.run('report', path, '--format', 'markdown')).code, 0);
  }
  assert.is(await problems(path), '');
  rmSync(join(path, 'later/2'), { recursive: true });
  assert.match(await problems(path), /later\/2\/manifest\.json: is missing, .* the chain is cut/u);
});

test('a copy for a supplier verifies against the signed manifest, and says what it can’t compute', async () => {
  const made = await place.run('report', run, '--for', 'supplier', '--into', 'supplier');
  assert.is(made.code, 0, made.text);
  assert.match(made.text, /withheld from it:\n +private\.json, sha256 [0-9a-f]{64}/u);
  assert.match(made.text, /not from what is here: 0/u);
  const path = place.path('supplier');
  const { code, text } = await place.run('verify', path, '--signers', signers);
  assert.is(code, 0, text);
  rmSync(join(path, 'evidence/000001.seg'));
  assert.match(await problems(path), /evidence\/000001\.seg: is missing/u);
});

test('a plan that withholds evidence leaves whole segments out, and every finding that rests on them', async () => {
  const file = place.write('withheld.yaml', { ...PLAN, report: { private: ['matmul'] } });
  assert.is((await place.run('accept', file, '--out', 'others')).code, 1);
  const [other = ''] = place.runs('others');
  const made = await place.run('report', other, '--for', 'supplier', '--into', 'part', '--json');
  assert.is(made.code, 0, made.text);
  const said = JSON.parse(made.stdout) as {
    withheld: { files: object; recomputed: number; notRecomputed: { criterion: string }[] };
  };
  assert.equal(Object.keys(said.withheld.files), ['evidence/000001.seg', 'private.json']);
  assert.ok(said.withheld.notRecomputed.some(({ criterion }) => criterion === 'bf16-sustained'));
});

test('another locale and time zone verify the same run', async () => {
  place.environment['TZ'] = 'Asia/Kathmandu';
  place.environment['LC_ALL'] = 'tr_TR.UTF-8';
  const { code, text } = await place.run('verify', run, '--signers', signers);
  assert.is(code, 0, text);
});

test.run();
