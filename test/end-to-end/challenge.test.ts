/** The pack of a rejected loopback host gives its number again, without assay, on that host. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Workplace } from './command-line.ts';

const test = suite('challenge pack');
const place = new Workplace();
test.after(() => place.remove());

/** More than any host of this test does. */
const LIMIT = 50;

const PLAN = {
  assay: 1,
  seed: 6,
  delivery: { reference: 'loopback', provider: 'own', sku: 'cpu-reference', count: 1 },
  fleet: { runner: 'local' },
  suites: { matmul: { dtypes: ['fp32'], shapes: [512] } },
  criteria: [
    {
      id: 'fp32-sustained',
      clause: 'Annex B 3.2',
      metric: 'matmul.gemm.throughput',
      where: { dtype: 'fp32', shape: 512, mode: 'sustained', devices: 'all' },
      per: 'accelerator',
      'at-least': `${LIMIT} TFLOP/s`,
      source: 'set above what the machine does',
    },
  ],
  // A machine that other tests share: its figures scatter by this much.
  decision: { sigma: { 'matmul.gemm.throughput': '40 %' } },
};

/** Runs a pack as a provider would: no assay, no Node.js, a plain shell. */
function rerun(pack: string) {
  const { status, stdout, stderr } = spawnSync('sh', [`${pack}/rerun.sh`], {
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', HOME: place.home },
    timeout: 200_000,
  });
  return { status, stdout, text: stdout + stderr };
}

test("a rejected host's number comes out again within the finding's interval", async () => {
  const { code, text } = await place.run('accept', place.write('plan.yaml', PLAN));
  assert.is(code, 1, text);
  const [run = ''] = place.runs();
  const made = await place.run('report', run, '--challenge', 'packs');
  assert.is(made.code, 0, made.text);
  const pack = place.path(made.stdout.trim());
  const again = rerun(pack);
  assert.match(again.stdout, /^fp32-sustained \(Annex B 3\.2\) on n0001 · accelerator 0$/mu);
  const finding = /finding (\S+) \S+ \(95 % interval (\S+) to (\S+)\), (\d+) trials?$/mu.exec(
    again.stdout,
  );
  const number = /again (\S+) \S+, inside the interval/u.exec(again.stdout);
  assert.ok(finding && number, again.text);
  const [, value = '', low = '', high = ''] = finding;
  assert.ok(Number(low) < Number(value) && Number(value) < Number(high), again.stdout);
  assert.ok(Number(low) <= Number(number[1]) && Number(number[1]) <= Number(high), again.stdout);
  assert.is(again.status, 0);
  const notice = readFileSync(`${pack}/notice.md`, 'utf8');
  // Asked for while the host was still held; every line of SHA256SUMS was checked by the script.
  assert.ok(existsSync(`${pack}/diagnostics/kernel.log`), 'the kernel log is in the pack');
  for (const said of ['Annex B 3.2', 'loopback', 'planned']) assert.match(notice, said);
  assert.match(
    readFileSync(place.path('packs/notice.md'), 'utf8'),
    /fp32\\-sustained|fp32-sustained/u,
  );
});

test('a pack that was changed says so before it runs anything', async () => {
  const pack = place.path(
    (await place.run('report', place.runs()[0] ?? '', '--challenge', 'two')).stdout.trim(),
  );
  appendFileSync(`${pack}/compare.py`, '\n');
  const { status, text } = rerun(pack);
  assert.is(status, 2);
  assert.match(text, /are not those that were sealed/u);
});

test.run();
