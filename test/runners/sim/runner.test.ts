import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inventoriedNode } from '../../../runners/inventory/node.ts';
import { createInventory } from '../../../runners/inventory/suite.ts';
import type { Fleet, PlacedStep, RunContext, Simulate } from '../../../runners/model.ts';
import { runners } from '../../../runners/registry.ts';
import { simOptions } from '../../../runners/sim/options.ts';
import { sim } from '../../../runners/sim/runner.ts';
import { partById, isModel, parts } from '../../../plan/catalogue/parts.ts';
import type { Case, Suite } from '../../../suites/model.ts';

const inventory: Suite = createInventory();
const bandwidth = 'matmul.memory.bandwidth';

/** A suite in small: one value an accelerator, one line each. */
const simulate: Simulate = (step, node, others) =>
  step.suite === 'inventory'
    ? inventory.simulate(step, node, others)
    : node.node.accelerators.map((one) => {
        const value = node.value(bandwidth, step.parameters, one);
        return `${one.index} ${value ?? 'none'} ${node.faulty('wrong-result', one) ? 'wrong' : 'right'}\n`;
      });

const context = (seed: number): RunContext => ({
  run: 'r',
  seed,
  fleet: { grace: 1800, lease: 600 },
  expires: new Date(0),
  scratch: '',
  secret: () => undefined,
  redact: () => undefined,
  simulate,
  intent: async () => undefined,
  pending: () => [],
});
const open = (block: object, seed = 1) =>
  sim(simOptions.parse(block)).open(context(seed), new AbortController().signal);

const step = (nodes: readonly string[], attempt: string, suite = 'matmul'): PlacedStep => ({
  suite,
  case: suite === 'inventory' ? 'inventory' : 'matmul.memory.x',
  parameters: {},
  on: 'each-node',
  nodes,
  role: 'rank',
  argv: ['x'],
  environment: {},
  limit: 600,
  attempt,
  index: 0,
  lease: 60,
});

async function run(fleet: Fleet, placed: PlacedStep) {
  const said = new Map<string, string>();
  const exits = await fleet.start(
    placed,
    async ({ node, bytes }) => {
      said.set(node, (said.get(node) ?? '') + Buffer.from(bytes).toString());
    },
    new AbortController().signal,
  );
  const values = (node: string) =>
    (said.get(node) ?? '')
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[1]));
  return { said, exits, values };
}

test('the plan’s block is checked, defaulted and registered', () => {
  const entry = runners.find((one) => one.id === 'sim');
  const good = entry?.configure({ nodes: 8, values: [{ metric: bandwidth, value: '4 TB/s' }] });
  assert.ok(good !== undefined && 'options' in good);
  const options = 'options' in good ? simOptions.parse({ nodes: 8 }) : undefined;
  assert.is(options?.['nic-rate'], 50e9);
  const bad = entry?.configure({ faults: [{ kind: 'gremlin' }] });
  assert.ok(bad !== undefined && 'issues' in bad);
  const unit = entry?.configure({ values: [{ metric: bandwidth, value: '4 furlongs' }] });
  assert.ok(unit !== undefined && 'issues' in unit);
});

test('the same seed and names give the same bytes in any order; another seed others', async () => {
  const one = await open({ nodes: 4 });
  const first = await run(one, step(['n0001'], 'c@n0001#0/0'));
  await run(one, step(['n0002'], 'c@n0002#0/0'));
  const again = await open({ nodes: 4 });
  await run(again, step(['n0003'], 'c@n0003#0/0'));
  const second = await run(again, step(['n0001'], 'c@n0001#0/0'));
  assert.equal(second, { ...first, values: second.values });
  const other = await run(await open({ nodes: 4 }, 2), step(['n0001'], 'c@n0001#0/0'));
  assert.not.equal(other.said, first.said);
  const repeat = await run(one, step(['n0001'], 'c@n0001#1/0'));
  assert.not.equal(repeat.said, first.said);
});

test('spreads between parts and between trials are those of the plan', async () => {
  const fleet = await open({
    nodes: 300,
    truth: { between: '2 %', within: '0.5 %', correlation: 0 },
    values: [{ metric: bandwidth, value: '4 TB/s' }],
  });
  const logs: number[] = [];
  const differences: number[] = [];
  for (const { id } of fleet.nodes) {
    const [a, b] = await Promise.all(
      [0, 1].map((at) => run(fleet, step([id], `c@${id}#${at}/0`)).then((one) => one.values(id))),
    );
    a?.forEach((value, index) => {
      logs.push(Math.log(value / 4e12));
      differences.push(Math.log(value / (b?.[index] ?? 0)));
    });
  }
  const deviation = (x: readonly number[]) =>
    Math.sqrt(x.reduce((sum, one) => sum + one * one, 0) / x.length);
  assert.ok(Math.abs(deviation(logs) / Math.hypot(0.02, 0.005) - 1) < 0.06);
  assert.ok(Math.abs(deviation(differences) / (0.005 * Math.SQRT2) - 1) < 0.06);
});

test('one slow accelerator is slow, its neighbours are not', async () => {
  const fleet = await open({
    nodes: 2,
    truth: { between: 0, within: 0 },
    values: [{ metric: bandwidth, value: '4 TB/s' }],
    faults: [{ kind: 'slow', nodes: ['n0002'], accelerator: 3, by: '10 %' }],
  });
  const { values } = await run(fleet, step(['n0002'], 'c@n0002#0/0'));
  assert.equal(
    values('n0002').map((one) => Math.round(one / 1e11)),
    [40, 40, 40, 36, 40, 40, 40, 40],
  );
  assert.ok(
    (await run(fleet, step(['n0001'], 'c@n0001#0/0'))).values('n0001').every((one) => one === 4e12),
  );
});

test('faults that are drawn hit as many nodes as they say, by the seed', async () => {
  const block = { nodes: 50, faults: [{ kind: 'missing', count: 7 }] };
  const [one, again, other] = await Promise.all([open(block), open(block), open(block, 9)]);
  assert.is(one.missing.length, 7);
  const ids = (fleet: Fleet) => fleet.missing.map((node) => node.node.id);
  assert.equal(ids(one), ids(again));
  assert.not.equal(ids(one), ids(other));
});

test('dead, flapping, hanging and crashing nodes end as such', async () => {
  const fleet = await open({
    nodes: 5,
    faults: [
      { kind: 'dead', nodes: ['n0001'] },
      { kind: 'flapping', nodes: ['n0002'], rate: 0.999 },
      { kind: 'hang', nodes: ['n0003'] },
      { kind: 'crash', nodes: ['n0004'] },
    ],
  });
  const nodes = ['n0001', 'n0002', 'n0003', 'n0004', 'n0005'];
  const { exits, said } = await run(fleet, step(nodes, 'c@g1#0/0'));
  assert.equal(
    exits.map((one) => one.ended),
    ['not-started', 'lost', 'timed-out', 'exited', 'exited'],
  );
  const codes = exits.map((one) => ('code' in one ? one.code : undefined));
  assert.equal(codes, ['SSH_UNREACHABLE', 'SSH_LOST', undefined, 1, 0]);
  assert.ok((said.get('n0004') ?? '').length < (said.get('n0005') ?? '').length);
  assert.ok(exits.every((one) => one.seconds >= 0));
});

test('a bad link is slow between its ends and nowhere else', async () => {
  const fleet = await open({
    nodes: 3,
    truth: { between: 0, within: 0 },
    faults: [{ kind: 'bad-link', nodes: ['n0001', 'n0002'] }],
  });
  const busbw: Simulate = (placed, node) => [
    `0 ${node.value('nccl.all_reduce.busbw', placed.parameters)}\n`,
  ];
  const linked = await sim(
    simOptions.parse({
      nodes: 3,
      truth: { between: 0, within: 0 },
      faults: [{ kind: 'bad-link', nodes: ['n0001', 'n0002'] }],
    }),
  ).open({ ...context(1), simulate: busbw }, new AbortController().signal);
  const bad = (await run(linked, step(['n0001', 'n0002'], 'a'))).values('n0001')[0] ?? 0;
  const good = (await run(linked, step(['n0001', 'n0003'], 'b'))).values('n0001')[0] ?? 0;
  assert.ok(Math.abs(bad / good - 0.5) < 1e-9);
  assert.is(fleet.nodes.length, 3);
});

test('companions print and then wait for the end of their trial', async () => {
  const fleet = await open({ nodes: 1 });
  const stop = new AbortController();
  let printed = 0;
  const ended = fleet.start(
    { ...step(['n0001'], 'a'), role: 'companion' },
    async () => {
      printed += 1;
    },
    stop.signal,
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.is(printed, 1);
  stop.abort();
  assert.equal(
    (await ended).map((one) => one.ended),
    ['stopped'],
  );
});

async function inventoried(block: object, id = 'n0001') {
  const fleet = await open(block);
  const node = fleet.nodes.find((one) => one.id === id)!;
  const { said, exits } = await run(fleet, step([id], `inventory@${id}#0/0`, 'inventory'));
  const reader = inventory.reader({ case: {} as Case, attempt: 'a', nodes: [node], steps: [] });
  (said.get(id) ?? '').split('\n').forEach((text, at) => {
    reader.line(text, { step: 0, node: id, stream: 'stdout', line: at + 1 });
  });
  const { readings } = reader.end(
    exits.map((exit) => ({ ...exit, step: 0, role: 'rank' as const })),
  );
  return {
    node: inventoriedNode(node, readings),
    failing: readings.flatMap((one) => (one.kind === 'check' && !one.ok ? [one.name] : [])),
  };
}

test('every catalogue GPU that is simulated is found again by inventory as that part', async () => {
  for (const part of parts.filter((one) => one.kind === 'gpu' && one.sku.startsWith('h'))) {
    const { node, failing } = await inventoried({ nodes: 1, sku: part.sku });
    assert.is(node.accelerators.length, part.perNode, part.sku);
    assert.ok(
      node.accelerators.every((one) => isModel(part, one.model)),
      part.sku,
    );
    assert.ok(
      Math.abs((node.accelerators[0]?.memory ?? 0) / (part.memory?.value ?? 1) - 1) < 0.001,
    );
    assert.equal(failing, [], part.sku);
  }
  assert.is(
    (await inventoried({ nodes: 1, sku: 'cpu-reference' })).node.accelerators[0]?.kind,
    'cpu',
  );
  assert.ok(partById('h200-sxm'));
});

test('what is broken in a node is seen by inventory', async () => {
  const of = async (fault: object) => (await inventoried({ nodes: 1, faults: [fault] })).failing;
  assert.equal(await of({ kind: 'missing-accelerator' }), ['readiness.accelerator-count']);
  assert.equal(await of({ kind: 'nic-half-width' }), ['readiness.nics']);
  assert.equal(await of({ kind: 'row-remap', accelerator: 2 }), ['readiness.row-remap']);
  assert.equal(await of({ kind: 'xid', accelerator: 2 }), ['readiness.xid']);
  const { node } = await inventoried({ nodes: 1, faults: [{ kind: 'stale-driver' }] });
  assert.is(node.environment['driver'], '550.54.15');
});

test('serials belong to the machines, not to the run: another delivery has others', async () => {
  const a = (await inventoried({ nodes: 1, serial: { first: 7 } })).node.identity[0];
  assert.equal(a, { kind: 'serial', value: 'SIM000007' });
});

test('ten thousand nodes open and run their trials quickly', async () => {
  const started = performance.now();
  const fleet = await open({ nodes: 10_000, faults: [{ kind: 'slow', count: 100 }] });
  const opened = performance.now();
  assert.is(fleet.nodes.length, 10_000);
  for (let at = 0; at < 1000; at += 1) {
    const id = fleet.nodes[at]?.id ?? '';
    await run(fleet, step([id], `c@${id}#0/0`));
  }
  const seconds = (performance.now() - opened) / 1000;
  assert.ok(opened - started < 5000, `opened in ${opened - started} ms`);
  assert.ok(1000 / seconds > 500, `${(1000 / seconds).toFixed(0)} trials a second`);
});

test.run();
