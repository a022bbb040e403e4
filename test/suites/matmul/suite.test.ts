import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../../suites/matmul/options.ts';
import { matmul } from '../../../suites/matmul/suite.ts';
import { suites } from '../../../suites/registry.ts';
import { nodeWith, readSession, theCase } from '../read-session.ts';
import { placed, shapes, simulated } from '../simulated.ts';

const H200 = nodeWith('n0001', 'gpu', 8, 'NVIDIA H200');
const cpu = nodeWith('n0001', 'cpu');
const of = (block: object) => matmul(schema.parse(block));
const ids = (block: object, node = H200) =>
  of(block)
    .cases([node])
    .map((one) => one.id);

test('the cases follow the devices: fp8 where the part has it, seconds on a CPU', () => {
  assert.equal(ids({}), [
    'matmul.gemm.bf16.8192.all',
    'matmul.gemm.fp8.8192.all',
    'matmul.memory.8589934592.all',
    'matmul.transfer.1073741824.one',
  ]);
  assert.equal(ids({}, nodeWith('n0001', 'gpu', 8, 'NVIDIA A100-SXM4-80GB')).slice(0, 2), [
    'matmul.gemm.bf16.8192.all',
    'matmul.memory.8589934592.all',
  ]);
  assert.equal(ids({}, cpu), ['matmul.gemm.fp32.512.all', 'matmul.memory.268435456.all']);
  assert.ok(
    of({})
      .cases([cpu])
      .every((one) => one.expected <= 8),
  );
  assert.equal(of({}).cases([{ ...cpu, accelerators: [] }]), []);
});

test('shapes, both ways of loading, a search and a soak are cases of their own', () => {
  const block = {
    dtypes: ['bf16'],
    shapes: [
      [64, 32, 16],
      [64, 64, 64],
    ],
    devices: ['all', 'one'],
    search: true,
    soak: '1 h',
  };
  assert.equal(ids(block).slice(0, 7), [
    'matmul.gemm.bf16.64x32x16.all',
    'matmul.gemm.bf16.64x32x16.one',
    'matmul.gemm.bf16.64.all',
    'matmul.gemm.bf16.64.one',
    'matmul.gemm.bf16.search.all',
    'matmul.gemm.bf16.search.one',
    'matmul.soak.bf16.64x32x16.all',
  ]);
  for (const one of of(block).cases([H200])) assert.match(one.id, /^[a-z0-9._=-]+$/u);
});

test('a node that lost its GPUs does not change what the fleet is asked', () => {
  const lost = nodeWith('n0000', 'cpu');
  assert.equal(
    of({})
      .cases([lost, H200])
      .map((one) => one.id),
    ids({}),
  );
});

test('every metric and check that a case gives is declared', () => {
  const suite = of({ soak: '1 h', search: true });
  const declared = new Set([...suite.metrics.map((one) => one.id), ...suite.checks]);
  for (const one of suite.cases([H200])) {
    for (const give of one.gives) assert.ok(declared.has(give.metric), give.metric);
  }
});

test('a step names the payload, the devices and the sides', () => {
  const suite = of({ shapes: [[64, 32, 16]], dtypes: ['bf16'] });
  const [step] = suite.steps(theCase(suite, [H200], 'matmul.gemm.bf16.64x32x16.all'), [H200]);
  const words = step?.argv.map((one) =>
    typeof one === 'string' ? one : 'payload' in one ? one.payload.split('/').at(-1) : '?',
  );
  assert.equal(words?.slice(0, 2), ['devices.py', 'gemm.py']);
  assert.match(words?.join(' ') ?? '', /--kind gpu --devices 8 .*--dtype bf16 --shapes 64x32x16$/u);
  assert.is(step?.role, 'rank');
});

test('the ceiling is the datasheet’s, and absent where there is none', () => {
  const suite = of({});
  const bf16 = suite.ceiling('matmul.gemm.throughput', { dtype: 'bf16' }, 'h200-sxm', 1);
  assert.is(bf16?.value, 989e12);
  assert.is(suite.ceiling('matmul.memory.bandwidth', {}, 'h200-sxm', 1)?.value, 4.8e12);
  assert.is(
    suite.ceiling('matmul.gemm.throughput', { dtype: 'bf16' }, 'cpu-reference', 1),
    undefined,
  );
  assert.is(
    suite.ceiling('matmul.gemm.throughput', { dtype: 'bf16' }, 'no-such-part', 1),
    undefined,
  );
});

const sides = { shapes: [512], dtypes: ['fp32'] };
function simulate(node = H200, fault?: string, missing?: string) {
  const suite = of(sides);
  const one = theCase(suite, [node], 'matmul.gemm.fp32.512.all');
  const [step] = suite.steps(one, [node]);
  if (step === undefined) throw new Error('no step');
  const truth = simulated(
    node,
    (metric, parameters, index) =>
      metric === missing ? undefined : 1e12 + index + (parameters['mode'] === 'boost' ? 0.5 : 0),
    fault,
  );
  const stdout = [...suite.simulate(placed(step), truth, [])].join('');
  return { stdout, ...readSession(suite, one, [{ node, stdout }]) };
}

test('what is simulated is read to the same values', () => {
  const { readings, outcome } = simulate();
  assert.equal(outcome, { status: 'measured' });
  const sustained = readings.flatMap((one) =>
    one.kind === 'sample' && one.parameters['mode'] === 'sustained' ? [one.value] : [],
  );
  assert.equal(
    sustained,
    [0, 1, 2, 3, 4, 5, 6, 7].map((index) => 1e12 + index),
  );
  assert.ok(readings.every((one) => one.kind !== 'check' || one.ok));
});

test('simulated faults reach the reader as a real one would', () => {
  const wrong = simulate(H200, 'wrong-result').readings;
  assert.ok(
    wrong.some((one) => one.kind === 'check' && one.name === 'matmul.gemm.correct' && !one.ok),
  );
  const digests = (fault?: string) =>
    simulate(H200, fault).readings.flatMap((one) => (one.kind === 'digest' ? [one.value] : []));
  assert.is(new Set(digests()).size, 1);
  assert.is.not(digests('flipped-digest')[0], digests()[0]);
  const { outcome } = simulate(H200, undefined, 'matmul.gemm.throughput');
  assert.is(outcome.status === 'failed' && outcome.code, 'OUTPUT_INCOMPLETE');
});

test('simulated lines have the shape of recorded ones', () => {
  const real = readFileSync(
    new URL('../../../fixtures/recorded/matmul/gemm-fp32-512-cpu-good.ndjson', import.meta.url),
    'utf8',
  );
  assert.equal([...shapes(simulate(cpu).stdout)].sort(), [...shapes(real)].sort());
});

test('the block’s mistakes are named, its defaults written out, its schema published', () => {
  const entry = suites.find((one) => one.id === 'matmul');
  const configured = entry?.configure({ dtypes: ['fp4'], shape: 8192 });
  const issues = configured !== undefined && 'issues' in configured ? configured.issues : [];
  assert.ok(
    issues.some((one) => one.hint.includes('shapes')),
    JSON.stringify(issues),
  );
  assert.ok(
    issues.some((one) => one.path[0] === 'dtypes'),
    JSON.stringify(issues),
  );
  const fine = entry?.configure({ search: true, soak: '2 h' });
  assert.is(
    fine !== undefined && 'options' in fine && 'seed' in fine.options && fine.options.seed,
    1,
  );
  assert.ok(JSON.stringify(entry?.schema()).includes('memory-bytes'));
});

test.run();
