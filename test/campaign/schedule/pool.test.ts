import { setImmediate as tick } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deadlines, refusal } from '../../../campaign/schedule/budget.ts';
import type { Claim } from '../../../campaign/schedule/claims.ts';
import { runPool } from '../../../campaign/schedule/pool.ts';
import { nodesKey, startOrder, TrialNames } from '../../../campaign/schedule/trials.ts';
import { shuffle, stream } from '../../../plan/random.ts';
import { fakeCase, fakePlan } from '../fake-suite.ts';

const test = suite('pool');
const { signal } = new AbortController();

type Named = Claim & { readonly id: string };

function claim(id: string, nodes: string[], machine?: string, alone = true): Named {
  return { id, nodes, machines: machine === undefined ? [] : [machine], alone };
}

/** Runs claims, checking that no node is ever held twice. @returns ids in the order of their starts */
async function run(claims: readonly Named[], atOnce?: number) {
  const held = new Map<string, string>();
  const started: string[] = [];
  let now = 0;
  let most = 0;
  await runPool(claims, {
    signal,
    ...(atOnce !== undefined && { atOnce }),
    claim: (one) => one,
    admit: () => true,
    async run({ id, nodes, machines, alone }) {
      const keys = [...nodes, ...(alone ? machines : [])];
      for (const key of keys) {
        assert.is(held.get(key), undefined, `${id} and ${held.get(key)} on ${key}`);
        held.set(key, id);
      }
      started.push(id);
      now += 1;
      most = Math.max(most, now);
      for (let turn = 0; turn < 1 + (Number.parseInt(id, 10) % 3); turn += 1) await tick();
      now -= 1;
      for (const key of keys) held.delete(key);
    },
  });
  return { started, most };
}

test('no node is ever in two trials, whatever they claim, and all are run', async () => {
  const random = stream(9, 'pool');
  const nodes = Array.from({ length: 20 }, (_, at) => `n${at}`);
  const claims = Array.from({ length: 500 }, (_, at) =>
    claim(`${at}`, shuffle(nodes, random).slice(0, 1 + Math.floor(random() * 4))),
  );
  const { started, most } = await run(claims);
  assert.is(started.length, 500);
  assert.ok(most > 4, `${most} at once`);
});

test('trials on the same nodes keep their order, and disjoint ones run together up to the cap', async () => {
  const claims = Array.from({ length: 60 }, (_, at) => claim(`${at}`, [`n${at % 6}`]));
  const { started, most } = await run(claims, 4);
  assert.is(most, 4);
  for (let node = 0; node < 6; node += 1) {
    const own = started.map(Number).filter((id) => id % 6 === node);
    assert.equal(
      own,
      [...own].sort((a, b) => a - b),
    );
  }
});

test('timed trials hold a shared machine alone, untimed ones share it', async () => {
  const timed = Array.from({ length: 8 }, (_, at) => claim(`${at}`, [`n${at}`], 'm'));
  assert.is((await run(timed)).most, 1);
  const untimed = Array.from({ length: 8 }, (_, at) => claim(`${at}`, [`n${at}`], 'm', false));
  assert.is((await run(untimed)).most, 8);
  const mixed = [...untimed.slice(0, 4), ...timed.slice(4, 6), ...untimed.slice(6)];
  assert.is((await run(mixed)).most, 4);
});

test('what is not admitted is given back, and a failure ends the rest', async () => {
  const claims = ['1', '2', '3'].map((id) => claim(id, ['n']));
  const left = await runPool(claims, {
    signal,
    claim: (one) => one,
    admit: ({ id }) => id !== '2',
    run: () => tick(),
  });
  assert.equal(
    left.map(({ id }) => id),
    ['2'],
  );
  const ran: string[] = [];
  const broken = runPool(claims, {
    signal,
    claim: (one) => one,
    admit: () => true,
    async run({ id }) {
      ran.push(id);
      throw new Error('broken');
    },
  });
  const message = await broken.then(
    () => 'none',
    (error: unknown) => (error as Error).message,
  );
  assert.is(message, 'broken');
  assert.equal(ran, ['1']);
});

test('ten thousand nodes with fifty trials each are scheduled in seconds', async () => {
  const names = new TrialNames();
  const cases = new Map([
    ['one', fakeCase('one')],
    ['two', fakeCase('two')],
  ]);
  const groups = Array.from({ length: 10_000 }, (_, at) => [`n${at}`]);
  const started = performance.now();
  let ran = 0;
  for (let round = 0; round < 5; round += 1) {
    const requests = [...cases.keys()].map((id) => ({ case: id, groups, why: 'planned' as const }));
    const trials = startOrder(names.name(requests, round), cases);
    await runPool(trials, {
      signal,
      atOnce: 1000,
      claim: ({ nodes }) => ({ nodes, machines: [], alone: false }),
      admit: () => true,
      async run() {
        ran += 1;
      },
    });
  }
  assert.is(ran, 100_000);
  assert.ok(performance.now() - started < 15_000, `${performance.now() - started} ms`);
});

test('trials are named by case, nodes and ordinal, and start with the narrow scopes', () => {
  const names = new TrialNames();
  const cases = new Map([
    ['one', fakeCase('one')],
    ['pair', fakeCase('pair', 'pair')],
  ]);
  const trials = names.name(
    [
      { case: 'pair', groups: [['n0002', 'n0001']], why: 'planned' },
      { case: 'one', groups: [['n0001'], ['n0001']], why: 'planned' },
    ],
    1,
  );
  assert.equal(
    startOrder(trials, cases).map(({ id }) => id),
    ['one@n0001#0', 'one@n0001#1', 'pair@n0001~n0002#0'],
  );
  assert.match(nodesKey(['a', 'b', 'c']), /^g[0-9a-f]{12}$/u);
});

test('a budget is one moment: wall time, node-hours and cost of the nodes held; the capacity ends earlier', () => {
  const { delivery } = fakePlan();
  const plan = fakePlan({
    delivery: { ...delivery, price: { perNodeHour: 36, currency: 'USD' } },
    budget: { wallTime: 7200, nodeHours: 10, cost: 180 },
  });
  const limits = deadlines(plan, 10, 4000);
  assert.equal(limits, { budget: 1800, capacity: 3400 });
  assert.is(refusal(limits, 1700, 100), undefined);
  assert.is(refusal(limits, 1700, 101), 'budget');
  assert.is(refusal(deadlines(fakePlan(), 10, 4000), 3400, 1), 'time');
});

test.run();
