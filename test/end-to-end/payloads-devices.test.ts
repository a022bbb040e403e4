import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Node } from '../../runners/model.ts';
import { schema } from '../../suites/matmul/options.ts';
import { matmul } from '../../suites/matmul/suite.ts';
import { readSession, theCase } from '../suites/read-session.ts';
import { PYTHON, runStep, thisMachine } from './run-payload.ts';

const machine = thisMachine();
const three: Node = {
  ...machine,
  accelerators: [0, 1, 2].flatMap((index) =>
    machine.accelerators.map((one) => ({ ...one, id: `part${index}`, index, cores: 1 })),
  ),
};

async function trial(devices: 'all' | 'one', fault = '') {
  const suite = matmul(schema.parse({ shapes: [64], devices: [devices] }));
  const of = theCase(suite, [three], `matmul.gemm.fp32.64.${devices}`);
  const [step] = suite.steps(of, [three]);
  if (step === undefined) throw new Error('no step');
  const ran = await runStep(step, fault);
  const { readings, outcome } = readSession(suite, of, [{ node: three, ...ran }]);
  const windows = readings
    .flatMap((one) =>
      one.kind === 'sample' && one.parameters['mode'] === 'sustained' && one.window
        ? [one.window]
        : [],
    )
    .sort(([a], [b]) => a - b);
  return { outcome, windows };
}

test('all devices are under load while each is measured', async () => {
  const { outcome, windows } = await trial('all');
  assert.equal(outcome, { status: 'measured' });
  assert.is(windows.length, 3);
  const lastStart = Math.max(...windows.map(([start]) => start));
  const firstEnd = Math.min(...windows.map(([, end]) => end));
  assert.ok(lastStart < firstEnd, JSON.stringify(windows));
});

test('one after the other, no two are measured together', async () => {
  const { outcome, windows } = await trial('one');
  assert.equal(outcome, { status: 'measured' });
  assert.is(windows.length, 3);
  windows.slice(1).forEach(([start], before) => {
    assert.ok(start >= (windows[before]?.[1] ?? Infinity), JSON.stringify(windows));
  });
});

test('a device that fails ends the others, and is named', async () => {
  const fault =
    'if sys.argv[-1] == "2":\n' +
    '    def mm(*a, **k): raise RuntimeError("CUDA error: uncorrectable ECC error encountered")\n' +
    '    torch.mm = mm';
  const { outcome } = await trial('all', fault);
  assert.is(outcome.status, 'failed');
  if (outcome.status !== 'failed') return;
  assert.equal([outcome.owner, outcome.code], ['node', 'CUDA_ERROR']);
  assert.match(outcome.message, /device 2: .*ECC/u);
});

test('the children end when their parent is killed', async () => {
  const folder = fileURLToPath(new URL('../../suites/', import.meta.url));
  const flags =
    '--kind cpu --devices 2 --threads 1 --dtype fp32 --shapes 64x64x64 --settle 1 --window 60 --seed 424242';
  const payloads = [`${folder}payload/devices.py`, `${folder}matmul/payload/gemm.py`];
  const argv = [...payloads, ...flags.split(' ')];
  const parent = spawn(PYTHON, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const seen = new Promise<void>((resolve) => {
    parent.stdout.on('data', (part: Buffer) => {
      if (part.includes('progress')) resolve();
    });
  });
  await seen;
  assert.ok(children() > 0);
  parent.kill('SIGKILL');
  for (let tries = 0; children() > 0 && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.is(children(), 0);
});

/** Processes of this test's own seed, zombies left out. */
function children(): number {
  const listed = execFileSync('ps', ['-eo', 'stat,args'], { encoding: 'utf8' });
  return listed
    .split('\n')
    .filter((line) => line.includes('424242') && line.includes('--child') && !line.startsWith('Z'))
    .length;
}

test.run();
