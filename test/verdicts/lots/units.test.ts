import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createJudge } from '../../../verdicts/judge.ts';
import { unitBars } from '../../../verdicts/lots/units.ts';
import { drive, fleet, plan, setup, type Truth } from '../fleet.ts';

const run = (of: ReturnType<typeof setup>, truth: Truth) => drive(createJudge(of), of, truth);

/** Hosts of slices of four, but for those that nobody knows the slice of. */
const hosts = (stray: readonly string[] = []) =>
  fleet(16, 4).map((node, at) => ({
    ...node,
    domains: stray.includes(node.id)
      ? []
      : [{ kind: 'slice' as const, id: `z/s${Math.floor(at / 4)}`, from: 'provider' as const }],
  }));
const delivery = { ...plan().delivery, unit: 'slice' as const, count: 4, acceleratorsPerNode: 4 };
const of = (nodes: ReturnType<typeof hosts>) => setup({ nodes, plan: plan({ delivery }) });
/** One chip of n0006 is slow. */
const oneChip: Truth = {
  value: (subject, _of, _metric, noise) =>
    (subject.kind === 'accelerator' && subject.accelerator === 'GPU-6-2' ? 650e12 : 740e12) *
    (1 + 0.01 * noise()),
};

test('one bad chip rejects its host, and its slice is lost with the hosts that go with it', () => {
  const { lot, nodes } = run(of(hosts()), oneChip).verdict;
  assert.equal([lot.verdict, lot.delivered, lot.rejected, lot.accepted], ['reject', 4, 1, 3]);
  assert.equal(lot.lost, [
    { unit: 'slice z/s1', by: ['n0006'], with: ['n0005', 'n0007', 'n0008'] },
  ]);
  assert.match(
    lot.reasons[0] ?? '',
    /^1 unit of 4 nonconforming: slice z\/s1 \(4 nodes, by n0006\)$/u,
  );
  const bad = nodes.filter((node) => node.verdict !== 'pass');
  assert.equal(
    bad.map(({ id, accelerators }) => [
      id,
      accelerators.filter((one) => one.verdict === 'fail').map((one) => one.id),
    ]),
    [['n0006', ['GPU-6-2']]],
    'its neighbours passed, and the chip is named',
  );
});

test('hosts whose slice is not known are no units: what is missing of a slice would pass', () => {
  const two = hosts(['n0001', 'n0002']).slice(0, 2);
  const { lot } = run(setup({ nodes: two, plan: plan({ delivery: { ...delivery, count: 2 } }) }), {
    value: (_subject, _of, _metric, noise) => 740e12 * (1 + 0.01 * noise()),
  }).verdict;
  assert.is(lot.verdict, 'inconclusive');
  assert.match(lot.reasons.join('\n'), /no slice is known of n0001, n0002/u);
  assert.equal(unitBars(two, 'node'), []);
});

test.run();
