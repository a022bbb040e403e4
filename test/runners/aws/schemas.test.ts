/** The SDK's own schemas as the truth: what the stand-in takes and gives exists there, under these names. */
import * as sdk from '@aws-sdk/client-ec2';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { instanceXml } from '../../../fixtures/clouds/aws/describe.ts';
import type { Instance } from '../../../fixtures/clouds/aws/instances.ts';
import { NAMES } from '../../../fixtures/clouds/aws/names.ts';
import { WORLD } from '../../../fixtures/clouds/model.ts';

const test = suite('aws: the stand-in against the schemas of the SDK');

/** [kind, namespace, name, traits, member names, member schemas, …] as @smithy/core writes them. */
type Structure = readonly [3, string, string, unknown, readonly string[], readonly unknown[]];

/** A schema may be a function, a [schema, traits] pair, a list or a structure. */
function resolve(schema: unknown): { shape: unknown; traits: Readonly<Record<string, string>> } {
  if (typeof schema === 'function') return resolve((schema as () => unknown)());
  if (Array.isArray(schema) && schema.length === 2) {
    const [inner, traits] = schema as [unknown, unknown];
    const own = typeof traits === 'object' && traits !== null ? traits : {};
    const { shape, traits: below } = resolve(inner);
    return { shape, traits: { ...below, ...(own as Record<string, string>) } };
  }
  return { shape: schema, traits: {} };
}

const isStructure = (shape: unknown): shape is Structure => Array.isArray(shape) && shape[0] === 3;
const isList = (shape: unknown): shape is readonly [1, string, string, unknown, unknown] =>
  Array.isArray(shape) && shape[0] === 1;
const upper = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** All wire names of a request: "NetworkInterface.N.DeviceIndex". */
function requestNames(schema: unknown, prefix = '', depth = 0): readonly string[] {
  const { shape } = resolve(schema);
  if (!isStructure(shape) || depth > 5) return [];
  const [, , , , names, members] = shape;
  return names.flatMap((name, at) => {
    const { shape: inner, traits } = resolve(members[at]);
    const wire = traits['ec2QueryName'] ?? upper(traits['xmlName'] ?? name);
    return below(inner, members[at], `${prefix}${wire}`, depth);
  });
}

function below(inner: unknown, member: unknown, name: string, depth: number): readonly string[] {
  if (isStructure(inner)) return requestNames(inner, `${name}.`, depth + 1);
  if (isList(inner)) {
    const { shape: item } = resolve(inner[4]);
    return isStructure(item) ? requestNames(item, `${name}.N.`, depth + 1) : [`${name}.N`];
  }
  // A list of plain values is a number with a flag.
  const { shape } = resolve(member);
  const plainList = typeof shape === 'number' && (shape & 64) === 64;
  return [plainList ? `${name}.N` : name];
}

const exported = sdk as unknown as Readonly<Record<string, unknown>>;

for (const [operation, names] of Object.entries(NAMES)) {
  test(`every parameter that ${operation} takes is one of EC2's`, () => {
    const known = new Set(requestNames(exported[`${operation}Request$`]));
    assert.ok(known.size > 0, 'the schema was read');
    const unknown = names.filter((name) => !known.has(name));
    assert.equal(unknown, []);
  });
}

test('every field of an instance that the stand-in gives is one that the SDK reads', () => {
  const { shape } = resolve(exported['Instance$']);
  assert.ok(isStructure(shape));
  const [, , , , names, members] = shape;
  const known = new Set(names.map((name, at) => resolve(members[at]).traits['xmlName'] ?? name));
  const launch = {
    least: 1,
    most: 1,
    token: 't',
    type: 'c5.large',
    image: 'ami-1',
    subnet: 'subnet-1',
    groups: [],
    reservation: 'cr-1',
    market: 'spot',
    placementGroup: 'pg',
    userData: '',
    tags: {},
    terminates: true,
    interfaces: [],
  };
  const one: Instance = {
    id: 'i-0123456789abcdef0',
    region: 'us-east-1',
    launch,
    index: 0,
    address: '127.60.0.1',
    tags: { a: 'b' },
    born: 0,
    neighbour: false,
    fails: false,
    undeletable: false,
    protected: false,
    reason: { code: 'Client.X', message: 'x' },
    hostKeys: [],
  };
  const given = Object.keys(instanceXml(one, 'running', WORLD));
  assert.equal(
    given.filter((name) => !known.has(name)),
    [],
  );
});

test.run();
