import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { interfacesFor } from '../../../runners/aws/interfaces.ts';
import { awsOptions } from '../../../runners/aws/options.ts';

const test = suite('aws: interfaces and options');

/** Type → EFA interfaces at most, network cards (EC2 User Guide; DescribeInstanceTypes as moto has it). */
const EFA: readonly (readonly [string, number, number])[] = [
  ['p4d.24xlarge', 4, 4],
  ['p5.48xlarge', 32, 32],
  ['p5e.48xlarge', 32, 32],
  ['p5en.48xlarge', 16, 16],
  ['p6-b200.48xlarge', 8, 8],
  ['p6-b300.48xlarge', 16, 17],
  ['p6e-gb200.36xlarge', 4, 17],
];

for (const [type, efa, cards] of EFA) {
  test(`${type}: ${efa} EFA over cards 0 to ${cards - 1}, one place each, all go with the instance`, () => {
    const all = interfacesFor(type, 'subnet-1', ['sg-1']);
    assert.is(all.filter((one) => one.InterfaceType?.startsWith('efa')).length, efa);
    const places = all.map((one) => `${one.NetworkCardIndex}/${one.DeviceIndex}`);
    assert.is(new Set(places).size, places.length);
    assert.ok(all.every((one) => (one.NetworkCardIndex ?? 99) < cards));
    assert.ok(all.every((one) => one.DeleteOnTermination === true));
    assert.ok(all.every((one) => one.AssociatePublicIpAddress === undefined));
    assert.equal([all[0]?.NetworkCardIndex, all[0]?.DeviceIndex], [0, 0]);
  });
}

test('a type that is not in the table gets one plain interface', () => {
  assert.is(interfacesFor('c5.large', 'subnet-1', ['sg-1']).length, 1);
});

const place = { region: 'us-east-1', subnet: 'subnet-0123456789abcdef0' };
const provision = {
  nodes: 8,
  type: 'c5.large',
  image: 'ami-0123456789abcdef0',
  'security-groups': ['sg-0123456789abcdef0'],
  places: [place],
};

test('attach and provision: one of the two', () => {
  const attach = { regions: ['us-east-1'], tags: { a: 'b' } };
  assert.is(awsOptions.safeParse({ provision }).success, true);
  assert.is(awsOptions.safeParse({ attach }).success, true);
  assert.is(awsOptions.safeParse({ attach, provision }).success, false);
  assert.is(awsOptions.safeParse({}).success, false);
  assert.is(awsOptions.safeParse({ attach: { regions: ['us-east-1'] } }).success, false);
});

test('places that EC2 would refuse, or misread, are refused in the plan', () => {
  const with_ = (more: object) =>
    awsOptions.safeParse({ provision: { ...provision, places: [{ ...place, ...more }] } }).success;
  const reservation = 'cr-0123456789abcdef0';
  assert.is(with_({ market: 'capacity-block', reservation }), true);
  assert.is(with_({ market: 'capacity-block' }), false);
  assert.is(with_({ market: 'capacity-block', reservation, 'placement-group': 'pg' }), false);
  assert.is(with_({ market: 'spot', reservation }), false);
});

test.run();
