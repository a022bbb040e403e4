import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlacedStep, SimulatedNode } from '../../../runners/model.ts';
import { schema } from '../../../suites/nccl/options.ts';
import { nccl } from '../../../suites/nccl/suite.ts';
import { caseOf, exited, node, session } from './nodes.ts';

const pair = [node(1, 'gpu', 2), node(2, 'gpu', 2)];
const suite = nccl(
  schema.parse({
    collectives: ['all_reduce'],
    sizes: ['1 MiB'],
    scopes: ['node'],
    knobs: ['nvls', 'gdr'],
  }),
);

test('a knob is two cases that differ in one variable, in the scope in which it shows', () => {
  const knobs = suite.cases(pair).filter((one) => one.id.includes('knob'));
  assert.equal(
    knobs.map((one) => [one.id, one.scope]),
    [
      ['nccl.knob.nvls.on.node.fp32.nccl', 'node'],
      ['nccl.knob.nvls.off.node.fp32.nccl', 'node'],
      ['nccl.knob.gdr.on.pair.fp32.nccl', 'pair'],
      ['nccl.knob.gdr.off.pair.fp32.nccl', 'pair'],
    ],
  );
  const set = knobs.map((one) => suite.steps(one, pair)[0]?.environment ?? {});
  assert.equal(
    set.map((environment) => [environment['NCCL_NVLS_ENABLE'], environment['NCCL_NET_GDR_LEVEL']]),
    [
      ['1', undefined],
      ['0', undefined],
      [undefined, 'SYS'],
      [undefined, 'LOC'],
    ],
  );
  const [first] = suite.cases(pair.slice(0, 1)).filter((one) => one.id.includes('gdr'));
  assert.is(first, undefined, 'one node has no network');
});

test('a half gives its own metric and the check of its collective, and nothing that a criterion could take', () => {
  const of = caseOf(suite, pair, 'nccl.knob.gdr.on');
  const one = session(suite, of, pair);
  for (const each of pair) {
    const simulated: SimulatedNode = {
      node: each,
      value: () => 46e9,
      faulty: () => false,
      random: () => 0.5,
    };
    const [step] = suite.steps(of, pair);
    one.hear(each.id, [...suite.simulate(step as unknown as PlacedStep, simulated, [])].join(''));
  }
  const { readings, outcome } = one.end(pair.map((each, at) => exited(each.id, at)));
  assert.equal(outcome, { status: 'measured' });
  const samples = readings.flatMap((reading) => (reading.kind === 'sample' ? [reading] : []));
  assert.equal(
    samples.map(({ metric, subject, parameters }) => [metric, subject.kind, parameters['setting']]),
    [['nccl.knob.busbw', 'link', 'on']],
  );
});

test.run();
