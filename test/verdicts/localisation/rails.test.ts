import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '../../../suites/model.ts';
import { createJudge } from '../../../verdicts/judge.ts';
import { RailTally, railsText } from '../../../verdicts/localisation/rails.ts';
import { drive, fleet, LINKS, PAIR, plan, setup } from '../fleet.ts';

const RAILS: Case = {
  ...PAIR,
  id: 'nccl.rail',
  parameters: { ...PAIR.parameters, scope: 'rail', rails: 8 },
};
const of = (n: number) =>
  setup({
    nodes: fleet(n),
    cases: [RAILS],
    plan: plan({ criteria: [{ ...LINKS, where: { scope: 'rail' } }] }),
  });

/** 46 GB/s at 1 % noise, a rail of a node at 37. */
const slow = (node: string, rail: number | 'all') => ({
  value: (
    subject: Parameters<NonNullable<import('../fleet.ts').Truth['value']>>[0],
    _: unknown,
    __: string,
    noise: () => number,
  ) => {
    const bad =
      subject.kind === 'link' &&
      (node === '*' || subject.ends.includes(node)) &&
      (rail === 'all' || subject.rail === rail);
    return (bad ? 37e9 : 46e9) * (1 + 0.01 * noise());
  },
});

test('the slow rail of a node is named as that rail, with its accelerator and what to look at', () => {
  const setting = of(16);
  const { verdict, findings } = drive(createJudge(setting), setting, slow('n0007', 3));
  const failing = verdict.nodes.filter((one) => one.verdict === 'fail');
  assert.equal(
    failing.map((one) => one.id),
    ['n0007'],
  );
  assert.is(verdict.nodes.filter((one) => one.verdict === 'pass').length, 15);
  const finding = [...findings].find(
    (one) => one.subject.kind === 'node' && one.verdict === 'fail',
  );
  assert.equal(finding?.rails, [3]);
  assert.match(
    finding?.reason ?? '',
    /^on rail 3 \(GPU-7-3\) on its links with \d+ cleared nodes/u,
  );
  assert.is(failing[0]?.class, 'NIC');
  assert.match(failing[0]?.next ?? '', /NIC, cable and transceiver of rail 3/u);
  const link = verdict.links.find((one) => one.verdict === 'fail');
  assert.ok(link?.subject.kind === 'link' && link.subject.rail === 3);
});

test('a node that is slow on every rail is named without one of them', () => {
  const setting = of(16);
  const { verdict, findings } = drive(createJudge(setting), setting, slow('n0002', 'all'));
  assert.equal(
    verdict.nodes.filter((one) => one.verdict === 'fail').map((one) => one.id),
    ['n0002'],
  );
  const finding = [...findings].find(
    (one) => one.subject.kind === 'node' && one.verdict === 'fail',
  );
  assert.match(finding?.reason ?? '', /^on 8 rails on its links/u);
});

test('a rail that is slow everywhere is said to be what they share, and names no node', () => {
  const setting = of(16);
  const { verdict } = drive(createJudge(setting), setting, slow('*', 5));
  assert.is(verdict.nodes.filter((one) => one.verdict === 'pass').length, 0);
  assert.equal(
    verdict.nodes.filter((one) => one.verdict === 'fail').map((one) => one.id),
    [],
  );
  assert.ok(
    verdict.notes.some((note) => note.includes('a common cause on rail 5')),
    verdict.notes.join('\n'),
  );
});

test('rails are counted by the rounds in which a node ran', () => {
  const tally = new RailTally();
  const round = (pair: string, ...short: readonly number[]) => {
    for (const rail of [0, 1, 2]) tally.take({ pair, rail, y: short.includes(rail) ? -0.2 : 0.1 });
    tally.endRound();
  };
  round('a~b', 1);
  round('a~c', 1, 2);
  round('b~c');
  assert.equal(tally.of('a'), [1]);
  assert.equal(tally.of('b'), []);
  assert.equal(tally.of('nobody'), []);
  assert.is(railsText([3]), 'rail 3');
  assert.is(railsText([1, 2]), 'rails 1, 2');
});

test.run();
