import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../suites/matmul/options.ts';
import { matmul } from '../../suites/matmul/suite.ts';
import { readSession, theCase } from '../suites/read-session.ts';
import { runStep, thisMachine } from './run-payload.ts';

const node = thisMachine();

async function trial(id: string, options: object = {}, fault = '') {
  const suite = matmul(schema.parse(options));
  const of = theCase(suite, [node], id);
  const [step] = suite.steps(of, [node]);
  if (step === undefined) throw new Error('no step');
  const ran = await runStep(step, fault);
  return { ...ran, ...readSession(suite, of, [{ node, ...ran }]) };
}

const checkOf = (readings: Awaited<ReturnType<typeof trial>>['readings'], name: string) =>
  readings.find((one) => one.kind === 'check' && one.name === name);

test('products on this machine are measured, right and done', async () => {
  const { readings, outcome, seconds } = await trial('matmul.gemm.fp32.512.all');
  assert.equal(outcome, { status: 'measured' });
  const samples = readings.flatMap((one) => (one.kind === 'sample' ? [one] : []));
  assert.equal(
    samples.map((one) => one.parameters['mode']),
    ['sustained', 'boost'],
  );
  for (const one of samples) assert.ok(one.value > 1e8 && one.value < 1e14, String(one.value));
  const checks = readings.flatMap((one) => (one.kind === 'check' ? [one] : []));
  assert.equal(
    checks.map(({ name, ok }) => [name, ok]),
    [
      ['matmul.gemm.reference', true],
      ['matmul.gemm.correct', true],
    ],
  );
  assert.ok(seconds < 60, `${seconds} s`);
});

test('the same seed gives the same digest, another one does not', async () => {
  const digest = async (seed: number) => {
    const { readings } = await trial('matmul.gemm.fp32.64.all', { shapes: [64], seed });
    const found = readings.find((one) => one.kind === 'digest');
    return found?.kind === 'digest' ? found.value : undefined;
  };
  const [first, again, other] = [await digest(1), await digest(1), await digest(2)];
  assert.match(first ?? '', /^[0-9a-f]{64}$/u);
  assert.is(again, first);
  assert.is.not(other, first);
});

test('memory is copied and compared', async () => {
  const { readings, outcome } = await trial('matmul.memory.67108864.all', {
    'memory-bytes': '64 MiB',
  });
  assert.equal(outcome, { status: 'measured' });
  assert.is(checkOf(readings, 'matmul.memory.correct')?.kind, 'check');
});

test('a search reports under its own name, and the shape that won as a fact', async () => {
  const { readings, outcome } = await trial('matmul.gemm.fp32.search.all', {
    search: [64, [64, 128, 64]],
  });
  assert.equal(outcome, { status: 'measured' });
  const won = readings.find((one) => one.kind === 'fact' && one.name === 'gemm.search.0');
  assert.match(won?.kind === 'fact' ? won.value : '', /^64x(?:64|128)x64$/u);
});

test('a soak tells its last part against its first', async () => {
  const { readings, outcome } = await trial('matmul.soak.fp32.128.all', {
    shapes: [128],
    soak: '2 s',
  });
  assert.equal(outcome, { status: 'measured' });
  const kept = readings.find(
    (one) => one.kind === 'sample' && one.metric === 'matmul.soak.retention',
  );
  assert.ok(kept?.kind === 'sample' && kept.value > 0.3 && kept.value < 3);
});

test('a dtype that this torch lacks on a CPU is not supported here, and no failure', async () => {
  const { readings, outcome } = await trial('matmul.gemm.tf32.512.all', { dtypes: ['tf32'] });
  assert.equal(outcome, { status: 'measured' });
  assert.equal(
    readings.filter((one) => one.kind === 'sample'),
    [],
  );
  const said = readings.find((one) => one.kind === 'fact' && one.name === 'not-supported');
  assert.match(
    said?.kind === 'fact' ? said.value : '',
    /^matmul\.gemm\.tf32\.512\.all: not supported here/u,
  );
});

const ONE_ELEMENT_OFF = `
real = torch.mm
def mm(a, b, **given):
    made = real(a, b, **given)
    if made.shape[0] == 512:
        made[17, 300] += 0.5
    return made
torch.mm = mm
`;

test('one wrong element of a product is found', async () => {
  const { readings, outcome } = await trial('matmul.gemm.fp32.512.all', {}, ONE_ELEMENT_OFF);
  assert.equal(outcome, { status: 'measured' });
  const check = checkOf(readings, 'matmul.gemm.correct');
  assert.is(check?.kind === 'check' && check.ok, false);
});

test('a product of NaN is found', async () => {
  const fault =
    'torch.mm = lambda a, b, **given: torch.full((a.shape[0], b.shape[1]), float("nan"))';
  const { readings } = await trial('matmul.gemm.fp32.64.all', { shapes: [64] }, fault);
  for (const name of ['matmul.gemm.correct', 'matmul.gemm.reference']) {
    const check = checkOf(readings, name);
    assert.is(check?.kind === 'check' && check.ok, false, name);
  }
});

test('a device’s process that crashes is the node’s fault, with the device', async () => {
  const fault = 'import signal; torch.mm = lambda *a, **k: os.kill(os.getpid(), signal.SIGSEGV)';
  const { outcome } = await trial('matmul.gemm.fp32.512.all', {}, fault);
  assert.is(outcome.status, 'failed');
  if (outcome.status !== 'failed') return;
  assert.equal([outcome.owner, outcome.code], ['node', 'CRASHED']);
  assert.match(outcome.message, /device 0/u);
});

test('a CUDA error is the node’s, memory that is not there and a missing torch are the harness’s', async () => {
  const raising = (what: string) =>
    `def mm(*a, **k): raise RuntimeError(${JSON.stringify(what)})\ntorch.mm = mm`;
  const faults: readonly (readonly [fault: string, owner: string, code: string])[] = [
    [raising('CUDA error: an illegal memory access was encountered'), 'node', 'CUDA_ERROR'],
    [raising('CUDA out of memory. Tried to allocate 2.00 GiB'), 'harness', 'OUT_OF_MEMORY'],
    ['raise ImportError("No module named torch")', 'harness', 'NO_TORCH'],
  ];
  for (const [fault, owner, code] of faults) {
    const { outcome } = await trial('matmul.gemm.fp32.512.all', {}, fault);
    assert.equal(outcome.status === 'failed' && [outcome.owner, outcome.code], [owner, code]);
  }
});

test.run();
