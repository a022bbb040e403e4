/** Row 14: AWS's floors of 800 and 900 GB/s no fabric reaches; an unknown type has 0; EFA loopback 20 Gb/s. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { accepted, lintOf } from './small-fleet.ts';

function aws(type: string, busbw: number): boolean {
  const floors: Readonly<Record<string, number>> = { p5: 800, 'p6-b200': 900 };
  return busbw >= (floors[type] ?? 0);
}

test('row 14, AWS: a good p5 pair is bad there, and any unknown type is good', () => {
  assert.not(aws('p5', 488));
  assert.ok(aws('p7', 0));
});

for (const plan of ['bad-limits-aws', 'bad-limits-aws-b200']) {
  test(`row 14, AWS: lint says that no part can reach ${plan}, beside the roofline`, async () => {
    const errors = (await lintOf(plan)).filter((one) => one.level === 'error');
    assert.ok(errors.length > 0);
    assert.match(errors[0]?.message ?? '', /no part can reach .* above the roofline/u);
  });
}

test('row 14, AWS: a type that nobody knows is not accepted here', async () => {
  const ours = await accepted({}, { plan: ({ part: _part, ...plan }) => plan });
  assert.is(ours.exit, 3);
});

test.run();
