import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { trueNode } from '../../../runners/sim/layout.ts';
import { simOptions } from '../../../runners/sim/options.ts';

test('a node can be another machine, under a name of its own', () => {
  const options = simOptions.parse({
    nodes: 2,
    machines: [{ node: 'n0002', serial: 'SIM000101', name: 'gpu002.lab' }],
  });
  const [first, second] = [0, 1].map((at) => trueNode(at, options, undefined));
  assert.is(first?.identity[0]?.value, 'SIM000001');
  assert.is(second?.identity[0]?.value, 'SIM000101');
  assert.is(second?.name, 'gpu002.lab');
  assert.is(second?.machine, 'boot-SIM000101');
  assert.is.not(second?.accelerators[0]?.id, first?.accelerators[0]?.id);
});

test.run();
