import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Part, Plan } from '../../../plan/model.ts';
import type { Accelerator, Node } from '../../../runners/model.ts';
import { deliveryWord } from '../../../verdicts/criteria/delivery.ts';

const test = suite('delivery and what Slurm promises');

const part: Part = {
  sku: 'x',
  title: 'X',
  kind: 'gpu',
  models: [['X']],
  perNode: 8,
  peaks: {},
  machines: [],
};
const plan = { part, delivery: { acceleratorsPerNode: 8, provider: 'own' } } as unknown as Plan;
const gpu = (index: number): Accelerator => ({
  id: `g${index}`,
  kind: 'gpu',
  model: 'X',
  index,
  memory: 1,
  cores: 1,
});
const node = (gpus: number, promised?: number): Node => ({
  id: 'n0001',
  identity: [],
  name: 'h',
  fabricAddress: 'h',
  accelerators: Array.from({ length: gpus }, (_, index) => gpu(index)),
  domains: [],
  environment: promised === undefined ? {} : { 'slurm.gpus': String(promised) },
});
const word = (gpus: number, promised?: number) =>
  deliveryWord(plan, node(gpus, promised), 'missing', undefined);

test('as bought and as promised passes', () => {
  assert.is(word(8, 8).verdict, 'pass');
  assert.is(word(8).verdict, 'pass');
});

test('fewer than Slurm promises fails, and says both', () => {
  const { verdict, reason } = word(7, 8);
  assert.is(verdict, 'fail');
  assert.match(reason, /7 accelerators found where 8 were bought; Slurm promises 8 GPUs/u);
});

test('what Slurm itself holds back is not the fault of the node, and accepts nothing', () => {
  const { verdict, reason } = word(4, 4);
  assert.is(verdict, 'not-tested');
  assert.match(reason, /mend gres\.conf/u);
});

test('more or fewer than promised of what was bought is a mistake of one of them', () => {
  assert.match(word(8, 4).reason, /Slurm promises 4 GPUs/u);
});

test.run();
