import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../../suites/nccl/options.ts';
import { applicable, expandSizes } from '../../../suites/nccl/sizes.ts';
import { nccl } from '../../../suites/nccl/suite.ts';
import { node } from './nodes.ts';

test('a CPU gets two ranks over gloo, in its node only when it is alone', () => {
  const cases = nccl(schema.parse({})).cases([node(1, 'cpu', 1)]);
  assert.equal(
    cases.map((one) => one.id),
    ['nccl.all_reduce.node.fp32.gloo', 'nccl.alltoall.node.fp32.gloo'],
  );
  assert.equal(cases[0]?.parameters, { dtype: 'fp32', library: 'gloo', scope: 'node', ranks: 2 });
});

test('each scope has its subject; a domain and a lot say no ranks beforehand', () => {
  const suite = nccl(
    schema.parse({ collectives: ['all_reduce'], scopes: ['node', 'pair', 'domain', 'lot'] }),
  );
  const nodes = [1, 2, 3].map((one) => node(one, 'gpu', 8, 'leaf-1'));
  const cases = suite.cases(nodes);
  assert.equal(
    cases.map((one) => [one.scope, one.gives[0]?.per, one.parameters['ranks']]),
    [
      ['node', 'node', 8],
      ['pair', 'link', 16],
      ['domain', 'group', undefined],
      ['lot', 'lot', undefined],
    ],
  );
});

test('alltoall over more than 1,024 ranks is left out of a lot', () => {
  const suite = nccl(schema.parse({ collectives: ['alltoall'], scopes: ['lot'] }));
  const nodes = Array.from({ length: 129 }, (_, at) => node(at + 1, 'gpu', 8));
  assert.is(suite.cases(nodes.slice(0, 128)).length, 1);
  assert.is(suite.cases(nodes).length, 0);
});

test('one accelerator on one node is no communication', () => {
  assert.equal(nccl(schema.parse({})).cases([node(1, 'gpu', 1)]), []);
});

test('a sweep includes both ends and is cut to what makes sense', () => {
  assert.equal(expandSizes({ from: 8, to: 64, factor: 2 }), [8, 16, 32, 64]);
  const room = { ranks: 8, ranksPerNode: 8, memory: 80e9, kind: 'gpu' as const };
  assert.equal(applicable([8, 128, 2 ** 34, 2 ** 35], room), {
    fit: [128, 2 ** 34],
    not: [8, 2 ** 35],
  });
});

test('a composed collective promises no bandwidth', () => {
  const suite = nccl(schema.parse({ collectives: ['reduce_scatter'] }));
  const [only] = suite.cases([node(1, 'cpu', 1)]);
  assert.is(only?.parameters['composed'], true);
  assert.not.ok(only?.gives.some((give) => give.metric.endsWith('bw')));
});

test('a node with 7 of 8 accelerators is asked for 8 ranks', () => {
  const suite = nccl(schema.parse({ scopes: ['node'] }));
  const nodes = [node(1, 'gpu', 7), node(2, 'gpu', 8)];
  const [first] = suite.cases(nodes);
  assert.ok(first);
  const [step] = suite.steps(first, nodes.slice(0, 1));
  assert.is(step?.argv[step.argv.indexOf('--ranks-per-node') + 1], '8');
});

test('sizes that are left out are told to the payload, which lists them', () => {
  const suite = nccl(schema.parse({ sizes: ['8 B', '1 MiB'], collectives: ['all_reduce'] }));
  const [first] = suite.cases([node(1, 'gpu', 8)]);
  assert.ok(first);
  const [step] = suite.steps(first, [node(1, 'gpu', 8)]);
  assert.is(step?.argv[step.argv.indexOf('--sizes') + 1], '1048576');
  assert.is(step?.argv[step.argv.indexOf('--not-applicable') + 1], '8');
});

test('an unknown collective and a size without a unit are refused', () => {
  assert.not.ok(schema.safeParse({ collectives: ['all_to_all'] }).success);
  assert.not.ok(schema.safeParse({ sizes: [8] }).success);
  assert.not.ok(schema.safeParse({ sizes: [] }).success);
});

test.run();
