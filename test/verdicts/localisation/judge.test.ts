import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '../../../suites/model.ts';
import { createJudge } from '../../../verdicts/judge.ts';
import type { JudgeSetup } from '../../../verdicts/model.ts';
import { drive, fleet, LINKS, LOT, PAIR, plan, setup, type Driven, type Truth } from '../fleet.ts';

const SWEPT: Case = { ...PAIR, fullSweep: true };

/** Nodes on leaves of four. */
function leaves(n: number) {
  return fleet(n, 1).map((node, at) => ({
    ...node,
    domains: [
      ...node.domains,
      { kind: 'leaf' as const, id: `l${Math.floor(at / 4)}`, from: 'plan' as const },
    ],
  }));
}

function links(n: number, over: Partial<JudgeSetup> = {}): JudgeSetup {
  return setup({
    nodes: leaves(n),
    cases: [PAIR],
    plan: plan({
      criteria: [LINKS],
      delivery: { ...plan().delivery, acceleratorsPerNode: 1 },
    }),
    ...over,
  });
}

/** 46 GB/s at 1 % noise; a pair for which `slow` holds loses 20 %. */
function pairs(slow: (one: string, other: string) => boolean): Truth {
  return {
    value: (subject, _of, _metric, noise) => {
      const bad =
        subject.kind === 'link' &&
        (slow(...subject.ends) || slow(subject.ends[1], subject.ends[0]));
      return (bad ? 37e9 : 46e9) * (1 + 0.01 * noise());
    },
  };
}

const run = (of: JudgeSetup, truth: Truth, options = {}) =>
  drive(createJudge(of), of, truth, options);
const words = ({ verdict }: Driven, word: string) =>
  verdict.nodes.filter((node) => node.verdict === word).map((node) => node.id);
const leafOf = (node: string) => Math.floor((Number(node.slice(1)) - 1) / 4);
const sixteenOf = (node: string) => Math.floor((Number(node.slice(1)) - 1) / 16);

test('the guilty node of a slow pair is named, its partner passes, whatever the order of arrival', () => {
  const of = links(16);
  const result = run(
    of,
    pairs((one) => one === 'n0007'),
  );
  assert.equal(words(result, 'fail'), ['n0007']);
  assert.is(words(result, 'pass').length, 15, JSON.stringify(result.verdict.lot));
  const finding = [...result.findings].find(
    (one) => one.subject.kind === 'node' && one.verdict === 'fail' && one.criterion === 'links',
  );
  assert.match(finding?.reason ?? '', /on its links with \d+ cleared nodes/u);
  assert.ok((finding?.attempts.length ?? 0) >= 2);
  const link = result.verdict.links.find((one) => one.verdict === 'fail');
  assert.match(link?.reason ?? '', /held against n0007/u);
  assert.is(result.told.filter((one) => one.includes('"node"')).length, 1);
  for (const order of [2, 3]) {
    const again = run(
      of,
      pairs((one) => one === 'n0007'),
      { order },
    );
    assert.is(JSON.stringify(again.verdict), JSON.stringify(result.verdict));
  }
});

test('several guilty nodes of an odd number are named, none of the others', () => {
  const bad = ['n0002', 'n0009', 'n0030'];
  const result = run(
    links(65),
    pairs((one) => bad.includes(one)),
  );
  assert.equal(words(result, 'fail'), bad);
  assert.is(words(result, 'pass').length, 62);
  assert.is(result.verdict.lot.rejected, 3);
});

test('a healthy fleet takes no more than its placed pairs, and says what was not covered', () => {
  const result = run(
    links(64),
    pairs(() => false),
  );
  assert.is(result.verdict.lot.verdict, 'accept', result.verdict.lot.reasons.join('; '));
  const note = result.verdict.notes.find((one) => one.includes('sigma_pair'));
  assert.match(
    note ?? '',
    /sigma_pair [01]\.\d\d %, d′ = 1\d\.\d.*not covered: .* in 1984 of 2016 pairs; full-sweep buys it with 63 rounds/u,
  );
  assert.ok(result.rounds <= 4, `${result.rounds} rounds`);
});

test('what lies between two leaves is named, no node and no link, where the way of a flow is not known', () => {
  const between = (one: string, other: string) =>
    sixteenOf(one) === 0 && sixteenOf(other) === 2 && one < other;
  const of = links(64, { cases: [SWEPT] });
  const nodes = of.nodes.map((node, at) => ({
    ...node,
    domains: [{ kind: 'leaf' as const, id: `l${Math.floor(at / 16)}`, from: 'plan' as const }],
  }));
  const result = run({ ...of, nodes }, pairs(between));
  assert.equal(words(result, 'fail'), []);
  const said = result.verdict.notes.filter((note) => note.includes('is at fault'));
  assert.is(said.length, 1, said.join('\n'));
  assert.match(
    said[0] ?? '',
    /what lies between leaf l0 and leaf l2 is at fault: \d+ of \d+ results there fall short, and their ends are well/u,
  );
  assert.match(result.verdict.notes.join('\n'), /the finest that is named is a pair of leaves/u);
  const healthy = run(
    { ...of, nodes },
    pairs(() => false),
  );
  assert.not.match(healthy.verdict.notes.join('\n'), /is at fault/u);
});

test('a slow leaf is named, not its nodes; these fail until they are tested again', () => {
  const result = run(
    links(32),
    pairs((one, other) => leafOf(one) === 2 && leafOf(other) !== 2),
  );
  const [group, ...more] = result.verdict.groups;
  assert.is(more.length, 0);
  assert.equal(group?.nodes, ['n0009', 'n0010', 'n0011', 'n0012']);
  assert.match(group?.reason ?? '', /^(?:leaf l2|rack r2) is at fault/u);
  assert.equal(words(result, 'fail'), [...(group?.nodes ?? [])]);
  assert.is(words(result, 'pass').length, 28);
  const [node] = result.verdict.nodes.filter((one) => one.verdict === 'fail');
  assert.match(node?.reasons.join() ?? '', /nonconforming until re-tested/u);
  assert.not.ok(
    [...result.findings].some(
      (one) => one.criterion === 'links' && one.subject.kind === 'node' && one.verdict === 'fail',
    ),
  );
});

test('a slow leaf is named whoever its nodes were matched with: those that met only each other are tried outside', () => {
  for (let seed = 1; seed <= 16; seed += 1) {
    const of = links(16, {
      plan: plan({
        seed,
        criteria: [LINKS],
        delivery: { ...plan().delivery, acceleratorsPerNode: 1 },
      }),
    });
    const { verdict } = run(
      of,
      pairs((one, other) => leafOf(one) === 1 && leafOf(other) !== 1),
    );
    assert.is(verdict.groups.length, 1, `seed ${seed}`);
    assert.equal(verdict.groups[0]?.nodes, ['n0005', 'n0006', 'n0007', 'n0008'], `seed ${seed}`);
  }
});

test('a fault of one pair alone is found by a full sweep, and said to be not covered without', () => {
  const pairOnly = pairs((one, other) => one === 'n0003' && other === 'n0014');
  const without = run(links(16), pairOnly, { noise: 3 });
  const note = without.verdict.notes.find((one) => one.includes('not covered'));
  assert.ok(note);
  const met = [...without.findings].some(
    (one) => one.subject.kind === 'link' && one.subject.ends.join('~') === 'n0003~n0014',
  );
  assert.not.ok(met, 'the random matching did not hold it');
  assert.is(without.verdict.lot.verdict, 'accept');
  const swept = run(links(16, { cases: [SWEPT] }), pairOnly, { noise: 3 });
  const [link, ...more] = swept.verdict.links;
  assert.is(more.length, 0);
  assert.equal(link?.subject.kind === 'link' && link.subject.ends, ['n0003', 'n0014']);
  assert.match(link?.reason ?? '', /the link’s own/u);
  assert.is(swept.verdict.lot.verdict, 'reject');
  assert.equal(words(swept, 'fail'), []);
  assert.is(words(swept, 'pass').length, 16);
  assert.ok(swept.verdict.notes.some((one) => one.includes('all 120 pairs were measured')));
});

test('a node whose pairs give wrong results, or fail without a word of who, is named', () => {
  const checked: Case = {
    ...PAIR,
    gives: [...PAIR.gives, { metric: 'nccl.correct', per: 'link', as: 'check' }],
  };
  const of = links(12, { cases: [checked], checks: ['nccl.correct'] });
  const wrong = run(of, {
    ...pairs(() => false),
    ok: (subject) => !(subject.kind === 'link' && subject.ends.includes('n0005')),
  });
  assert.equal(words(wrong, 'fail'), ['n0005']);
  assert.is(words(wrong, 'pass').length, 11, JSON.stringify(wrong.verdict.lot.reasons));
  const crashing = run(links(12), {
    ...pairs(() => false),
    outcome: (_of, nodes) =>
      nodes.includes('n0005')
        ? {
            status: 'failed',
            owner: 'group',
            code: 'NCCL_ERROR',
            message: 'x',
            suspects: [...nodes],
          }
        : undefined,
  });
  assert.equal(words(crashing, 'fail'), ['n0005']);
  assert.is(words(crashing, 'pass').length, 11, JSON.stringify(crashing.verdict.lot.reasons));
});

test('a fleet that is slow throughout names nobody and is rejected', () => {
  const result = run(
    links(16),
    pairs(() => true),
  );
  assert.is(result.verdict.lot.verdict, 'reject');
  assert.equal(words(result, 'fail'), []);
  assert.ok(result.verdict.notes.some((one) => one.includes('none is named alone')));
});

test('the guilty are out before the lot runs', () => {
  const of = links(16, {
    cases: [PAIR, LOT],
    plan: plan({
      criteria: [LINKS],
      delivery: { ...plan().delivery, acceleratorsPerNode: 1 },
    }),
  });
  const seen: string[][] = [];
  const result = run(of, {
    value: (subject, one, metric, noise) =>
      one.id === LOT.id
        ? 300e9
        : pairs((node) => node === 'n0004').value?.(subject, one, metric, noise),
    outcome: (one, nodes) => {
      if (one.id === LOT.id) seen.push([...nodes]);
      return undefined;
    },
  });
  assert.equal(words(result, 'fail'), ['n0004']);
  assert.is(seen.length, 1);
  assert.is(seen[0]?.length, 15);
  assert.not.ok(seen[0]?.includes('n0004'));
});

test('17 nodes, one node, and one left of 64 behave', () => {
  const odd = run(
    links(17),
    pairs((one) => one === 'n0017'),
  );
  assert.equal(words(odd, 'fail'), ['n0017']);
  assert.is(words(odd, 'pass').length, 16);
  const one = run(
    links(1),
    pairs(() => false),
  );
  assert.is.not(one.verdict.lot.verdict, 'accept');
  assert.is(one.trials, 0);
  const dead = run(links(64), {
    ...pairs(() => false),
    outcome: (_of, nodes) => {
      const gone = nodes.filter((node) => node !== 'n0001');
      return {
        status: 'failed',
        owner: 'reach',
        code: 'SSH_UNREACHABLE',
        message: 'gone',
        suspects: gone,
      };
    },
  });
  assert.is.not(dead.verdict.lot.verdict, 'accept');
  assert.ok(dead.rounds < 70, `${dead.rounds} rounds`);
});

const WHOLE = {
  ...LINKS,
  id: 'whole',
  where: { scope: 'lot' },
  per: 'lot' as const,
  limit: { value: 280e9, source: 'Annex C' },
  nominal: { value: 300e9, source: 'Annex C' },
};
const lot = (n: number) =>
  setup({
    nodes: leaves(n),
    cases: [LOT],
    plan: plan({
      criteria: [WHOLE],
      delivery: { ...plan().delivery, acceleratorsPerNode: 1 },
    }),
  });
/** 310 GB/s at 1 % noise on any group; 20 % less where `slow` holds. */
const groups = (slow: (nodes: readonly string[]) => boolean): Truth => {
  let own: readonly string[] = [];
  return {
    outcome: (_of, nodes) => {
      own = nodes;
      return undefined;
    },
    value: (_subject, _of, _metric, noise) => (slow(own) ? 248e9 : 310e9) * (1 + 0.01 * noise()),
  };
};

test('each scope is shown beside the one below', () => {
  const of = setup({
    nodes: leaves(16),
    cases: [PAIR, { ...LOT, parameters: { ...LOT.parameters, bytes: 1e9 } }],
    plan: plan({
      criteria: [LINKS, WHOLE],
      delivery: { ...plan().delivery, acceleratorsPerNode: 1 },
    }),
  });
  const result = run(of, {
    value: (_subject, one) => (one.id === LOT.id ? 300e9 : 50e9),
  });
  const note = result.verdict.notes.find((one) => one.startsWith('scaling'));
  assert.match(note ?? '', /pair 50\.0 GB\/s, lot 300\.0 GB\/s \(600\.0 % of the pair’s\)/u);
});

test('a lot that fails without a word of who is halved: the guilty is named and the rest run without it', () => {
  const seen: (readonly string[])[] = [];
  const result = run(lot(16), {
    ...groups(() => false),
    outcome: (_of, nodes) => {
      seen.push(nodes);
      return nodes.includes('n0011')
        ? {
            status: 'failed',
            owner: 'group',
            code: 'NCCL_ERROR',
            message: 'x',
            suspects: [...nodes],
          }
        : undefined;
    },
  });
  assert.equal(words(result, 'fail'), ['n0011']);
  const doubted = [...result.findings].filter(
    (one) => one.criterion === 'completeness' && one.verdict === 'inconclusive',
  );
  assert.is(doubted.length, 0);
  assert.match(
    result.verdict.nodes[10]?.reasons.join() ?? '',
    /halved, it comes down to this node/u,
  );
  assert.is(seen.at(-1)?.length, 15);
  assert.ok(result.rounds <= 8, `${result.rounds} rounds`);
});

test('a lot that is slow at its size is halved: a node, or the cut between two, is pointed at', () => {
  const one = run(
    lot(16),
    groups((nodes) => nodes.includes('n0006')),
  );
  assert.is(one.verdict.lot.verdict, 'reject');
  const pointed = [...one.findings].filter((finding) => finding.criterion === 'localisation');
  assert.equal(
    pointed.map(({ subject, verdict }) => [subject, verdict]),
    [[{ kind: 'node', node: 'n0006' }, 'inconclusive']],
  );
  assert.ok(one.verdict.notes.some((note) => note.includes('halving names n0006')));
  const cut = run(
    lot(16),
    groups((nodes) => nodes.includes('n0002') && nodes.includes('n0013')),
  );
  assert.is(cut.verdict.lot.verdict, 'reject');
  assert.ok(
    cut.verdict.notes.some((note) => note.includes('between n0002 and n0013')),
    cut.verdict.notes.join(),
  );
});

test.run();
