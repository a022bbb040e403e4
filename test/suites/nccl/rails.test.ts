import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlacedStep, SimulatedNode } from '../../../runners/model.ts';
import type { Parameters } from '../../../plan/model.ts';
import { schema } from '../../../suites/nccl/options.ts';
import { nccl } from '../../../suites/nccl/suite.ts';
import { caseOf, exited, node, session } from './nodes.ts';

const suite = nccl(
  schema.parse({ sizes: ['1 MiB'], collectives: ['all_reduce'], scopes: ['rail'] }),
);
const pair = [node(1, 'gpu', 4), node(2, 'gpu', 4)];
const of = caseOf(suite, pair, 'nccl.all_reduce.rail');

function printed(at: number, busbw: (parameters: Parameters) => number | undefined): string {
  const [step] = suite.steps(of, pair);
  const simulated: SimulatedNode = {
    node: pair[at] as (typeof pair)[number],
    value: (_, parameters) => busbw(parameters),
    faulty: () => false,
    random: () => 0.5,
  };
  return [...suite.simulate(step as unknown as PlacedStep, simulated, [])].join('');
}

function heard(first: string, second: string) {
  const one = session(suite, of, pair);
  one.hear('n0001', first);
  one.hear('n0002', second);
  return one.end([exited('n0001', 0), exited('n0002', 1)]);
}

test('a rail is a communicator of two ranks; all rails of a pair are one case', () => {
  assert.is(of.scope, 'pair');
  assert.is(of.parameters['ranks'], 2);
  assert.is(of.parameters['rails'], 4);
  const [step] = suite.steps(of, pair);
  assert.is(step?.argv[step.argv.indexOf('--groups') + 1], 'mod:4');
  assert.is(step?.argv[step.argv.indexOf('--ranks-per-node') + 1], '4');
});

test('each rail gives its own link, by its slower end', () => {
  const { readings, outcome } = heard(
    printed(0, () => 48e9),
    printed(1, ({ rail }) => (rail === 2 ? 20e9 : 48e9)),
  );
  assert.equal(outcome, { status: 'measured' });
  const rates = readings.flatMap((one) =>
    one.kind === 'sample' && one.metric.endsWith('.busbw')
      ? [[one.subject, one.value] as const]
      : [],
  );
  assert.equal(
    rates.map(([subject, value]) => [
      subject.kind === 'link' && subject.rail,
      Math.round(value / 1e9),
    ]),
    [
      [0, 48],
      [1, 48],
      [2, 20],
      [3, 48],
    ],
  );
});

test('a rail that gives nothing leaves the whole size out: the others do not stand for it', () => {
  const { readings, outcome } = heard(
    printed(0, () => 48e9),
    printed(1, ({ rail }) => (rail === 3 ? undefined : 48e9)),
  );
  assert.equal(
    readings.filter((one) => one.kind === 'sample'),
    [],
  );
  assert.is(outcome.status, 'failed');
});

test('a value for another rail than its rank’s breaks the trial of the speaker', () => {
  const moved = printed(1, () => 48e9).replaceAll('"rail":1', '"rail":0');
  const { outcome } = heard(
    printed(0, () => 48e9),
    moved,
  );
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.code, 'OUTPUT_UNREADABLE');
  assert.equal(outcome.suspects, ['n0002']);
});

test('on CPUs each rail is an interface that the plan names', () => {
  const cpus = [node(1, 'cpu', 1), node(2, 'cpu', 1)];
  const named = nccl(
    schema.parse({
      sizes: ['1 MiB'],
      collectives: ['all_reduce'],
      scopes: ['rail'],
      'rail-interfaces': ['eth0', 'eth1', 'eth2'],
    }),
  );
  const own = caseOf(named, cpus, 'nccl.all_reduce.rail');
  assert.is(own.parameters['rails'], 3);
  const [step] = named.steps(own, cpus);
  assert.is(step?.argv[step.argv.indexOf('--rail-interfaces') + 1], 'eth0,eth1,eth2');
});

test('nccl-tests splits its communicators by rail, and the slowest of all counts', () => {
  const native = nccl(
    schema.parse({
      sizes: ['1 MiB'],
      collectives: ['all_reduce'],
      scopes: ['rail'],
      driver: 'nccl-tests',
    }),
  );
  const own = caseOf(native, pair, 'nccl.all_reduce.rail');
  const [step] = native.steps(own, pair);
  assert.is(step?.environment['NCCL_TESTS_SPLIT'], 'MOD 4');
});

test('the ceiling of a rail is its share of the NICs', () => {
  const { value } = suite.ceiling('nccl.all_reduce.busbw', of.parameters, 'h200-sxm', 2) ?? {};
  assert.ok(value !== undefined && Math.abs(value - 50e9) < 1, String(value));
});

test.run();
