import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { planSchema } from '../../plan/schema.ts';
import { registries } from './registries.ts';

type Fields = Readonly<Record<string, unknown>>;
const schema = planSchema(registries) as Fields;
const at = (...keys: readonly (string | number)[]) =>
  keys.reduce<unknown>((here, key) => (here as Fields)[key], schema);

test('the published schema names every block, and no other key', () => {
  assert.equal(Object.keys(at('properties') as object), [
    'assay',
    'seed',
    'delivery',
    'fleet',
    'suites',
    'criteria',
    'decision',
    'budget',
    'report',
    'nightly',
  ]);
  assert.is(at('additionalProperties'), false);
});

test("each runner's block has its own keys beside the common ones", () => {
  const ssh = at('properties', 'fleet', 'oneOf', 1, 'properties') as Fields;
  assert.equal(ssh['runner'], { const: 'ssh' });
  assert.ok('hosts' in ssh && 'grace' in ssh && 'on-reject' in ssh);
  assert.equal(at('properties', 'fleet', 'oneOf', 1, 'required'), ['runner', 'hosts']);
});

test("each suite's block is its own, or empty", () => {
  const matmul = at('properties', 'suites', 'properties', 'matmul', 'anyOf') as readonly Fields[];
  assert.is(Object.hasOwn((matmul[0] ?? {})['properties'] ?? {}, 'dtypes'), true);
  assert.equal(matmul[1], { type: 'null' });
});

test('it is plain JSON', () => {
  assert.equal(JSON.parse(JSON.stringify(schema)), schema);
});

test.run();
